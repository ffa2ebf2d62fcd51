import { createNodePrimitives } from '#protocol/node/nodePrimitives'
import type { Position } from '#protocol/wire/header'
import type { ProbeEvent } from '#protocol/wire/reading'
import { type AgentDeps, defaultDeps } from './agentDeps.ts'
import { agentError } from './agentErrors.ts'
import type { AgentSettings } from './agentSettings.ts'
import { createFeedLink, type FeedLink } from './feedLink.ts'
import { openAgentKey, readAgentKey } from './keys/agentKey.ts'
import { readBoot, writeBoot } from './keys/bootCounter.ts'
import { createDeviceRegistry } from './keys/deviceRegistry.ts'
import { lockStateDirectory, prepareStateDirectory, statePaths } from './keys/stateDirectory.ts'
import { chooseBoot } from './log/chooseBoot.ts'
import type { EntryDraft } from './log/entryDraft.ts'
import { createLogWriter } from './log/logWriter.ts'
import { agentHealth } from './metrics/agentHealth.ts'
import { createAgentMetrics } from './metrics/agentMetrics.ts'
import { createMetricsServer } from './metrics/metricsServer.ts'
import { createPeriodic } from './periodic.ts'
import { createProbeSupervisor } from './sampler/probeSupervisor.ts'
import { createSampler } from './sampler/sampler.ts'
import { createSpool } from './spool/createSpool.ts'
import { createDiskStore } from './spool/diskStore.ts'
import { createCoalescer } from './watch/coalescer.ts'
import { createEventWriter } from './watch/eventWriter.ts'

/** What stands when an agent has started. */
export type AgentStarted = {
  /** Hex without 0x. */
  readonly agentId: string
  readonly boot: number
  readonly source: string
  /** Devices that the agent speaks for. */
  readonly devices: number
  /** Where the metrics answer; null when they are off. */
  readonly metrics: string | null
}

/** The Attester of one host. */
export type Agent = {
  /** @throws AssayError AGENT_STATE_…, AGENT_KEY_…, AGENT_DEVICES_FORMAT or AGENT_METRICS_LISTEN; everything else is tried again */
  start(): Promise<AgentStarted>
  stop(): Promise<void>
}

const MOST_PENDING_WRITES = 8

/** Puts an agent together; nothing happens before `start`. */
export function createAgent(settings: AgentSettings, given: Partial<AgentDeps> = {}): Agent {
  const deps = { ...defaultDeps(settings), ...given }
  const { clock, log } = deps
  const undo: (() => Promise<void> | void)[] = []

  async function start(): Promise<AgentStarted> {
    const paths = statePaths(settings['state.directory'])
    await prepareStateDirectory(paths.directory)
    const lock = await lockStateDirectory(paths.directory)
    undo.push(() => lock.release())

    const spool = createSpool(createDiskStore(paths.spool, deps.spoolFs), {
      quotas: {
        telemetry: settings['spool.quotaTelemetry'],
        event: settings['spool.quotaEvent'],
        evidence: settings['spool.quotaEvidence'],
      },
    })
    const recovery = await spool.start({
      thinned: (entries) => say('spool_thinned', [entries]),
      damaged: (bytes) => say('spool_damaged', [bytes]),
    })
    undo.push(() => spool.stop())
    if (recovery.head !== null && (await readAgentKey(paths.key)) === null)
      throw agentError('AGENT_KEY_MISSING', { key: paths.key })
    const key = await openAgentKey(paths.key)
    const registry = createDeviceRegistry(paths.devices)
    await registry.load()
    log.info({ agentId: key.agentIdHex, level: 'L0' }, 'telemetry key in a file: self-reported, level L0')

    let feed: FeedLink | null = null
    let lastSampleAt = Number.NEGATIVE_INFINITY
    let isSpoolBroken = false
    let isRegistrySaved = true
    let unkept = 0
    let pendingWrites = 0

    const writer = createLogWriter({
      agentId: key.agentId,
      signer: key.signer,
      spool,
      epoch: () => feed?.epoch() ?? null,
      // The spool knows boots too: a boot that could not be noted here is safe unless both are lost.
      saveBoot: (boot) => writeBoot(paths.boots, boot).catch(fault),
      onAppended(ordinal, spoolClass, bytes) {
        isSpoolBroken = false
        feed?.appended(ordinal, spoolClass, bytes)
        if (unkept === 0) return
        const lost = unkept
        unkept = 0
        say('disk_full', [lost])
      },
    })
    const events = createEventWriter(writer, clock, (error) => {
      isSpoolBroken = true
      fault(error)
    })
    undo.push(() => events.stop())
    const coalescer = createCoalescer(clock, (event) => {
      log.warn({ event: event.kind, subject: event.subjectHex, detail: event.detail }, 'event')
      void events.write(event)
    })

    function say(kind: ProbeEvent['kind'], detail: readonly number[]): void {
      coalescer.offer({ kind, subject: null, subjectHex: null, atMs: clock.now(), detail })
    }

    function watch(event: ProbeEvent): void {
      const asset = registry.assetOf(event.device)
      const subject = asset?.isEnrolled ? asset : null
      log.info({ event: event.kind, text: event.text }, 'probe event')
      coalescer.offer({
        kind: event.kind,
        subject: subject?.assetId ?? null,
        subjectHex: subject?.assetIdHex ?? null,
        atMs: event.atMs,
        detail: event.detail,
      })
    }

    function writeBatch(draft: EntryDraft): void {
      const lose = (error: unknown): void => {
        isSpoolBroken = true
        unkept++
        metrics.unkept('telemetry')
        fault(error)
      }
      // A disk that hangs must not fill the memory.
      if (pendingWrites >= MOST_PENDING_WRITES) {
        lose(agentError('AGENT_SPOOL_WRITE', { found: `${pendingWrites} writes under way` }))
        return
      }
      pendingWrites++
      writer
        .write(draft)
        .catch(lose)
        .finally(() => pendingWrites--)
    }

    const supervisor = createProbeSupervisor({
      open: deps.openProbe,
      clock,
      deadlineMs: Math.max(10_000, 10 * settings['source.watchdogDeadline']),
      onEvent: watch,
      onFault: fault,
    })
    let firstSample = (): void => {}
    const hasSampled = new Promise<void>((resolve) => {
      firstSample = resolve
    })
    const sampler = createSampler({
      settings,
      clock,
      supervisor,
      registry,
      write: writeBatch,
      onEvent: watch,
      onRegistryChanged: () => {
        isRegistrySaved = false
        void saveRegistry()
      },
      onSample(sample, durationMs) {
        if (sample.snapshot) lastSampleAt = clock.monotonic()
        metrics.sampled(sample.snapshot ? 'ok' : 'failed', durationMs / 1000)
        queueMicrotask(firstSample)
      },
      onFault: fault,
    })

    async function saveRegistry(): Promise<void> {
      if (isRegistrySaved) return
      isRegistrySaved = true
      await registry.save().catch((error) => {
        isRegistrySaved = false
        fault(error)
      })
    }

    const metrics = createAgentMetrics({
      spool,
      isConnected: () => feed?.isConnected() ?? false,
      underWay: () => feed?.underWay() ?? 0,
      published: () => feed?.published() ?? 0,
      epoch: () => feed?.epoch()?.n ?? null,
      skippedTicks: () => sampler.skipped(),
      eventsWaiting: () => events.waiting(),
      devices: () => registry.assets().filter((asset) => asset.isEnrolled).length,
      boot: () => writer.boot(),
    })

    function fault(error: unknown): void {
      const code = (error as { code?: string }).code ?? 'AGENT_FAULT'
      metrics.fault(code)
      log.error({ code, err: (error as Error).message }, 'fault')
    }

    const server = createMetricsServer({
      listen: settings['metrics.listen'],
      metrics: () => metrics.registry.metrics(),
      contentType: metrics.registry.contentType,
      health: () =>
        agentHealth({
          sinceSampleMs: clock.monotonic() - lastSampleAt,
          samplePeriodMs: settings['source.samplePeriod'],
          sourceFault: supervisor.lastFault(),
          isSpoolBroken,
          counters: spool.counters(),
          isConnected: feed?.isConnected() ?? false,
        }),
    })
    const listening = await server.start()
    undo.push(() => server.stop())

    const startHead: Position | null = recovery.head
    feed = createFeedLink({
      settings,
      paths,
      deps,
      key,
      spool,
      registry,
      source: () => supervisor.name(),
      primitives: createNodePrimitives(),
      onEvent: say,
      onFault: fault,
      onRejected: (topic) => metrics.rejected(topic),
      run: () => ({ startHead, firstBoot: choice.boot, head: spool.head() }),
      async reopen(head) {
        await spool.supersede()
        await writer.open({ boot: Math.max(head.boot, writer.boot()) + 1, prev: head.hash })
      },
    })
    const [, nodeHead] = await Promise.all([supervisor.start(), feed.prepare()])
    undo.push(() => supervisor.stop())
    const choice = chooseBoot({
      lastBoot: await readBoot(paths.boots),
      localHead: recovery.head,
      nodeHead,
      nowMs: Math.floor(clock.now()),
    })
    await writer.open(choice)
    say('agent_started', [choice.boot])
    if (choice.rolledBackFrom) say('rolled_back', [choice.rolledBackFrom.boot, choice.rolledBackFrom.seq])
    if (recovery.damagedBytes > 0 || recovery.damagedEntries > 0)
      say('spool_damaged', [recovery.damagedBytes])

    sampler.start()
    undo.push(async () => {
      await sampler.stop()
      coalescer.flush()
      await writer.settled()
    })
    await hasSampled
    feed.start()
    undo.push(() => feed?.stop())
    const periodic = createPeriodic([
      { name: 'nodes', at: '* * * * *', run: async () => feed?.tend() },
      { name: 'registry', at: '*/5 * * * *', run: saveRegistry },
      { name: 'inventory', at: '17 3 * * *', run: async () => feed?.renewInventory() },
    ])
    periodic.start()
    undo.push(() => periodic.stop())
    return {
      agentId: key.agentIdHex,
      boot: writer.boot(),
      source: supervisor.name(),
      devices: registry.assets().filter((asset) => asset.isEnrolled).length,
      metrics: listening,
    }
  }

  async function stop(): Promise<void> {
    for (let step = undo.pop(); step; step = undo.pop()) await step()
  }

  return {
    async start() {
      try {
        return await start()
      } catch (error) {
        await stop()
        throw error
      }
    },
    stop,
  }
}
