import { changes, type KnownDevices } from '#probes/changes'
import { type Cell, valueCell } from '#protocol/wire/cell'
import type { MetricName } from '#protocol/wire/metrics'
import type { ProbeEvent, ProbeSnapshot } from '#protocol/wire/reading'
import type { AgentSettings } from '../agentSettings.ts'
import type { Clock } from '../clock.ts'
import type { DeviceRegistry } from '../keys/deviceRegistry.ts'
import type { EntryDraft } from '../log/entryDraft.ts'
import { createBatchBuilder, type Row, type RowDevice } from './batchBuilder.ts'
import type { ProbeSupervisor, Sample } from './probeSupervisor.ts'
import { createTicker } from './ticker.ts'

/** What the sampler works with. */
export type SamplerParts = {
  readonly settings: AgentSettings
  readonly clock: Clock
  readonly supervisor: ProbeSupervisor
  readonly registry: DeviceRegistry
  /** Signs one batch; what it rejects is counted as lost by the caller. Never waited for: sampling goes on. */
  readonly write: (draft: EntryDraft) => void
  readonly onEvent: (event: ProbeEvent) => void
  /** A device was seen for the first time, or under another index. */
  readonly onRegistryChanged: () => void
  readonly onSample: (sample: Sample, durationMs: number) => void
  readonly onFault: (error: unknown) => void
}

/** Reads all devices at a steady beat and hands over one batch per batch period. */
export type Sampler = {
  start(): void
  /** Ends the beat and hands over what was collected; a reading that hangs is waited for 2 s only. */
  stop(): Promise<void>
  skipped(): number
}

const STOP_MS = 2000

/** Told by the registry, which remembers them over restarts. */
const REGISTRY_EVENTS: ReadonlySet<string> = new Set(['serial_changed', 'uuid_changed', 'device_added'])

/** A sampler that does not run yet. */
export function createSampler(parts: SamplerParts): Sampler {
  const { settings, clock, supervisor, registry } = parts
  const samplePeriod = settings['source.samplePeriod']
  const batchPeriod = settings['source.batchPeriod']
  const batch = createBatchBuilder()
  let known: KnownDevices | null = null
  let lastRowMs = 0
  let isGivenUp = false

  function flush(): void {
    for (const draft of batch.take(batchPeriod)) parts.write(draft)
  }

  function rowOf(sample: Sample): Row {
    if (sample.snapshot === null)
      return { atMs: clock.now(), devices: new Map(), host: {}, failure: sample.failure }
    const { snapshot } = sample
    const assignment = registry.assign(snapshot)
    if (assignment.isNew) parts.onRegistryChanged()
    const step = changes(known, snapshot)
    known = step.known
    for (const event of step.events) if (!REGISTRY_EVENTS.has(event.kind)) parts.onEvent(event)
    for (const event of assignment.events) parts.onEvent(event)
    const assetIds = new Map(registry.assets().map((asset) => [asset.assetIdHex, asset.assetId]))
    const devices = new Map<string, RowDevice>()
    for (const [assetIdHex, { reading, isProven }] of assignment.byAsset)
      devices.set(assetIdHex, {
        assetId: assetIds.get(assetIdHex) as Uint8Array,
        cells: reading.metrics,
        isProven,
      })
    return { atMs: snapshot.takenAtMs, devices, host: hostCells(snapshot), failure: null }
  }

  async function tick(): Promise<void> {
    const began = clock.monotonic()
    const sample = await supervisor.sample()
    if (isGivenUp) return
    parts.onSample(sample, clock.monotonic() - began)
    const row = rowOf(sample)
    const startedAt = batch.startedAtMs
    // The clock was set back: a batch has rising times only.
    if (startedAt !== null && row.atMs <= lastRowMs) flush()
    lastRowMs = row.atMs
    batch.add(
      row,
      registry.assets().filter((asset) => asset.isEnrolled),
    )
    const first = batch.startedAtMs ?? row.atMs
    if (row.atMs - first + 1.5 * samplePeriod >= batchPeriod) flush()
  }

  const ticker = createTicker(samplePeriod, clock, () => tick().catch(parts.onFault))
  return {
    start: () => ticker.start(),
    async stop() {
      let cancel = (): void => {}
      const late = new Promise<boolean>((resolve) => {
        cancel = clock.after(STOP_MS, () => resolve(true))
      })
      isGivenUp = await Promise.race([ticker.stop().then(() => false), late])
      cancel()
      flush()
    },
    skipped: () => ticker.skipped(),
  }
}

function hostCells(snapshot: ProbeSnapshot): Readonly<Partial<Record<MetricName, Cell>>> {
  return {
    devicesFound: valueCell(snapshot.devices.length),
    probeDurationUs: valueCell(Math.max(0, Math.round(snapshot.durationUs))),
    ...snapshot.host,
  }
}
