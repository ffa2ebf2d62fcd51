import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { DROP_REASONS, SPOOL_CLASSES } from '#protocol/wire/header'
import type { Spool } from '../spool/spool.ts'

/** What the registry reads when it is scraped. */
export type MetricSources = {
  readonly spool: Spool
  readonly isConnected: () => boolean
  readonly underWay: () => number
  readonly published: () => number
  readonly epoch: () => number | null
  readonly skippedTicks: () => number
  readonly eventsWaiting: () => number
  readonly devices: () => number
  readonly boot: () => number
}

/** Own metrics of the agent; every counter of the conservation law is one of them. */
export type AgentMetrics = {
  readonly registry: Registry
  sampled(outcome: 'ok' | 'failed', seconds: number): void
  /** Signed data or readings that could not be made durable, and so were never produced. */
  unkept(kind: 'telemetry' | 'event'): void
  rejected(topic: string): void
  fault(code: string): void
}

/** A registry of its own: no global state. */
export function createAgentMetrics(sources: MetricSources): AgentMetrics {
  const registry = new Registry()
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  const { spool } = sources
  const droppedSum = (): number => spool.counters().dropped.reduce((sum, each) => sum + each.count, 0)

  gauge(
    'assay_agent_entries_produced',
    'Entries signed and durable, over the life of the spool',
    () => spool.counters().produced,
  )
  gauge('assay_agent_entries_acked', 'Entries that M nodes have acked', () => spool.counters().acked)
  gauge('assay_agent_entries_spooled', 'Entries held until M nodes ack them', () => spool.counters().spooled)
  gauge(
    'assay_agent_conservation_remainder',
    'produced - acked - spooled - dropped: anything but 0 is a fault of the agent',
    () => {
      const { produced, acked, spooled } = spool.counters()
      return produced - acked - spooled - droppedSum()
    },
  )
  new Gauge({
    name: 'assay_agent_entries_dropped',
    help: 'Entries given up without M acks, by class and reason',
    labelNames: ['class', 'reason'],
    registers,
    collect() {
      for (const spoolClass of SPOOL_CLASSES)
        for (const reason of DROP_REASONS) {
          const found = spool.counters().dropped.find((d) => d.class === spoolClass && d.reason === reason)
          this.set({ class: spoolClass, reason }, found?.count ?? 0)
        }
    },
  })
  new Gauge({
    name: 'assay_agent_spool_bytes',
    help: 'Bytes held in the spool, by class',
    labelNames: ['class'],
    registers,
    collect() {
      const held = spool.bytesHeld()
      for (const spoolClass of SPOOL_CLASSES) this.set({ class: spoolClass }, held[spoolClass])
    },
  })
  gauge('assay_agent_connected', '1 while the broker is connected', () => (sources.isConnected() ? 1 : 0))
  gauge('assay_agent_under_way', 'Entries published and not acked by M nodes', sources.underWay)
  gauge('assay_agent_published', 'Entries published in this run, repeats included', sources.published)
  gauge('assay_agent_epoch', 'Epoch that headers quote; -1 before the first', () => sources.epoch() ?? -1)
  gauge(
    'assay_agent_ticks_skipped',
    'Samples left out because the one before took too long',
    sources.skippedTicks,
  )
  gauge('assay_agent_events_waiting', 'Events that wait for the disk', sources.eventsWaiting)
  gauge('assay_agent_devices', 'Devices that this agent speaks for', sources.devices)
  gauge('assay_agent_boot', 'Boot number of the log', sources.boot)
  gauge('assay_agent_memory_bytes', 'Resident memory of the agent process', () => process.memoryUsage.rss())
  const cpu = new Gauge({
    name: 'assay_agent_cpu_seconds',
    help: 'CPU time of the agent process',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      cpu.set((user + system) / 1e6)
    },
  })
  const samples = new Counter({
    name: 'assay_agent_samples_total',
    help: 'Attempts to read all devices, by outcome',
    labelNames: ['outcome'],
    registers,
  })
  const durations = new Histogram({
    name: 'assay_agent_probe_seconds',
    help: 'Time of one reading of all devices',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers,
  })
  const unkept = new Counter({
    name: 'assay_agent_unkept_total',
    help: 'Batches and events that could not be made durable and so were never produced',
    labelNames: ['kind'],
    registers,
  })
  const rejected = new Counter({
    name: 'assay_agent_rejected_total',
    help: 'Messages that no node of the roster signed for this agent',
    labelNames: ['topic'],
    registers,
  })
  const faults = new Counter({
    name: 'assay_agent_faults_total',
    help: 'Faults by code',
    labelNames: ['code'],
    registers,
  })

  return {
    registry,
    sampled(outcome, seconds) {
      samples.inc({ outcome })
      durations.observe(seconds)
    },
    unkept: (kind) => unkept.inc({ kind }),
    rejected: (topic) => rejected.inc({ topic: topic.split('/').at(-1) ?? '' }),
    fault: (code) => faults.inc({ code }),
  }
}
