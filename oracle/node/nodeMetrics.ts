import { Counter, Gauge, Registry } from 'prom-client'
import type { Sink, SinkStats } from '../sinks/sink.ts'
import type { NodeParts } from './parts.ts'

/** The node's own metrics in Prometheus text, read from the parts and sinks when asked. */
export function createNodeMetrics(
  parts: () => NodeParts | undefined,
  sinks: readonly Sink[],
): () => Promise<string> {
  const registry = new Registry()
  const gauge = (name: string, help: string, read: (parts: NodeParts) => number): void => {
    new Gauge({
      name: `assay_oracle_${name}`,
      help,
      registers: [registry],
      collect() {
        const running = parts()
        if (running) this.set(read(running))
      },
    })
  }
  gauge('archive_entries', 'Log entries archived.', (p) => p.archive.stats().entries)
  gauge('archive_bytes', 'Bytes of log entries archived.', (p) => p.archive.stats().bytes)
  gauge('agents', 'Agents enrolled.', (p) => p.archive.stats().agents)
  gauge('forks', 'Forks found in logs.', (p) => p.archive.stats().forks)
  gauge('ingest_received_total', 'Messages received.', (p) => p.ingest.counters().received)
  gauge('ingest_stored_total', 'Entries verified and durable.', (p) => p.ingest.counters().stored)
  gauge('ingest_duplicates_total', 'Entries that were held already.', (p) => p.ingest.counters().duplicates)
  gauge('ingest_samples_total', 'GPU samples in verified entries.', (p) => p.ingest.counters().samples)
  gauge('link_connected', '1 while the broker is connected.', (p) => (p.link.state() === 'connected' ? 1 : 0))
  gauge(
    'posted_round',
    'Newest posted round that this node knows.',
    (p) => p.engine.view()?.parent?.round ?? 0,
  )
  const ofSinks = (read: (stats: SinkStats) => number) => () =>
    sinks.reduce((sum, sink) => sum + read(sink.stats()), 0)
  gauge(
    'sink_points_written_total',
    'Points that the databases of the sinks took.',
    ofSinks((s) => s.written),
  )
  gauge(
    'sink_points_dropped_total',
    'Points given up: the queue was full, or refused.',
    ofSinks((s) => s.dropped),
  )
  gauge(
    'sink_points_queued',
    'Points that wait to be written.',
    ofSinks((s) => s.queued),
  )
  gauge(
    'sink_entries_dropped_total',
    'Entries that no points were made of: too many waited.',
    ofSinks((s) => s.entriesDropped),
  )
  new Counter({
    name: 'assay_oracle_ingest_rejected_total',
    help: 'Messages rejected, by reason; each is kept in quarantine and none changed a score.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [reason, count] of Object.entries(parts()?.ingest.counters().rejected ?? {}))
        this.inc({ reason }, count)
    },
  })
  return () => registry.metrics()
}
