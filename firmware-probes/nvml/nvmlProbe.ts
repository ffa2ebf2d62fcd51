import { AssayError } from '#protocol/assayError'
import { textCell, UNSUPPORTED, valueCell } from '#protocol/wire/cell'
import type { ProbeEvent, ProbeSnapshot, ProbeWarning } from '#protocol/wire/reading'
import type { Probe, ProbeSink } from '../probe.ts'
import { PROBE_CODES } from '../probeCodes.ts'
import { probeError } from '../probeErrors.ts'
import type { RawNvml } from '../recording/rawSample.ts'
import { ChildPool } from './childPool.ts'
import { DeviceMemory } from './deviceMemory.ts'
import { EventChild } from './eventChild.ts'
import type { DeviceRaw } from './messages.ts'
import type { NvmlChild } from './nvmlChild.ts'
import { type NvmlOptions, nvmlOptions } from './nvmlOptions.ts'
import { Quarantine } from './quarantine.ts'

type Sweep = { readonly devices: RawNvml['devices'][number][]; readonly warnings: ProbeWarning[] }

/** Pause after NVML as a whole failed: every try costs a process. */
const REST_MS = 5000

const indicesBelow = (count: number) => Array.from({ length: count }, (_, i) => i)

/**
 * The NVML probe. All calls are made in a child process under a watchdog: a device whose calls hang or crash costs that
 * child, is quarantined and reported (`probe_stuck`, `probe_crashed`), and the others are read on in the same sample by
 * the second child, which otherwise waits for XIDs and is therefore initialised already. Quarantined devices are tried
 * again with back-off. With two children that a kill does not end, NVML is left alone and every device reads as error.
 */
export class NvmlProbe implements Probe {
  readonly name = 'nvml'
  readonly #options: ReturnType<typeof nvmlOptions>
  readonly #pool: ChildPool
  readonly #quarantine: Quarantine
  readonly #memory = new Map<number, DeviceMemory>()
  readonly #events: EventChild
  #sampler: NvmlChild | null = null
  /** Devices that the present sampler has answered for: their deadline is the short one. */
  #warm = new Set<number>()
  #sink: ProbeSink | null = null
  #driver: string | null = null
  #count = 0
  #sweepId = 0
  #slowReadAt = Number.NEGATIVE_INFINITY
  #sampling: Promise<ProbeSnapshot> | null = null
  /** Why NVML as a whole could not be read, and until when it is left alone therefore. */
  #rest: { readonly error: AssayError; readonly until: number } | null = null

  constructor(options: NvmlOptions = {}) {
    this.#options = nvmlOptions(options)
    this.#pool = new ChildPool(this.#options.library, this.#options.launch, this.#options.initDeadlineMs)
    this.#quarantine = new Quarantine(this.#options.retestFirstMs, this.#options.retestMostMs)
    this.#events = new EventChild(this.#pool, this.#options.firstDeadlineMs, {
      xid: (index, xid, atMs) => this.#onXid(index, xid, atMs),
      failed: (index, waitedMs, ended) => this.#onFailed(index, waitedMs, ended),
    })
  }

  /** @throws AssayError AGENT_PROBE_NVML_… or AGENT_PROBE_NO_DEVICE */
  async start(sink: ProbeSink): Promise<void> {
    this.#sink = sink
    try {
      const { child, ready } = await this.#pool.spawn()
      if (ready.count === 0)
        throw probeError('AGENT_PROBE_NO_DEVICE', { source: this.name, driver: ready.driver })
      this.#sampler = child
      this.#driver = ready.driver
      this.#count = ready.count
      await this.#events.start(indicesBelow(ready.count))
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Overlapping calls share one reading. @throws AssayError AGENT_PROBE_STATE before start. */
  sample(): Promise<ProbeSnapshot> {
    if (this.#sink === null) return Promise.reject(probeError('AGENT_PROBE_STATE', { probe: this.name }))
    this.#sampling ??= this.#sample().finally(() => {
      this.#sampling = null
    })
    return this.#sampling
  }

  async stop(): Promise<void> {
    this.#sink = null
    this.#events.stop()
    this.#sampler = null
    await this.#pool.stop()
  }

  async #sample(): Promise<ProbeSnapshot> {
    const takenAtMs = Date.now()
    const began = performance.now()
    const sweep: Sweep = { devices: [], warnings: [] }
    await this.#sweepAll(sweep, began)
    const durationUs = Math.round((performance.now() - began) * 1000)
    this.#events.keep(this.#wanted())
    const { tap } = this.#options
    tap?.({
      kind: 'nvml',
      atMs: takenAtMs,
      durationUs,
      driver: this.#driver,
      count: this.#count,
      devices: sweep.devices,
    })
    return {
      source: this.name,
      takenAtMs,
      durationUs,
      driverVersion: this.#driver === null ? UNSUPPORTED : textCell(this.#driver),
      host: {
        devicesFound: valueCell(this.#count),
        devicesQuarantined: valueCell(this.#quarantine.size),
        probeDurationUs: valueCell(durationUs),
      },
      devices: indicesBelow(this.#count).map((index) => this.#device(index).reading(index)),
      warnings: [...sweep.warnings, ...this.#events.warnings()],
    }
  }

  async #sweepAll(sweep: Sweep, now: number): Promise<void> {
    let pending = this.#wanted()
    const retest = this.#pool.unreaped === 0 ? this.#quarantine.due(now) : null
    if (retest !== null && retest < this.#count) pending.push(retest)
    const slow =
      now - this.#slowReadAt >= this.#options.slowEveryMs || pending.some((i) => this.#device(i).wantsSlow)
    let mute = 0
    // Once stopped, no further reader is started: nobody would end it.
    while (pending.length > 0 && this.#sink !== null) {
      let child: NvmlChild
      try {
        if (this.#rest !== null && now < this.#rest.until) throw this.#rest.error
        if (mute > 1) throw probeError('AGENT_PROBE_NVML_STUCK', { library: this.#options.library })
        child = await this.#takeSampler()
      } catch (error) {
        this.#giveUp(pending, error, sweep)
        break
      }
      const before = pending.length
      pending = await this.#sweepSome(child, pending, slow, sweep)
      // A child that was lost without having touched any device: not the fault of one.
      mute = pending.length === before ? mute + 1 : 0
    }
    if (slow) this.#slowReadAt = now
    for (const index of indicesBelow(this.#count)) {
      const code = this.#quarantine.codeOf(index)
      if (code === null) continue
      this.#device(index).fail(code)
      sweep.devices.push({ index, handle: code, calls: new Map() })
    }
  }

  /** One request to one child; returns what is still to be read, after a child was lost on the way. */
  async #sweepSome(
    child: NvmlChild,
    pending: readonly number[],
    slow: boolean,
    sweep: Sweep,
  ): Promise<number[]> {
    const warm = pending.every((index) => this.#warm.has(index))
    const deadlineMs = warm
      ? this.#options.deadlineMs
      : Math.max(this.#options.firstDeadlineMs, this.#options.deadlineMs)
    const outcome = await child.sweep(++this.#sweepId, pending, slow, deadlineMs)
    if (outcome.end === 'done') {
      for (const raw of outcome.value.devices) this.#take(raw, sweep)
      if (outcome.value.code === 0) this.#count = outcome.value.count
      // The library lost its driver: only a new process can initialise it again.
      else this.#dropSampler()
      return []
    }
    this.#dropSampler()
    const { index } = outcome
    if (index === null) return [...pending]
    this.#onFailed(
      index,
      outcome.end === 'stuck' ? outcome.waitedMs : null,
      outcome.end === 'gone' ? outcome : null,
    )
    return pending.filter((other) => other !== index)
  }

  #take(raw: DeviceRaw, sweep: Sweep): void {
    const { index, handle, fast, slow } = raw
    this.#warm.add(index)
    this.#quarantine.release(index)
    sweep.devices.push({ index, handle, calls: this.#device(index).take(handle, fast, slow) })
  }

  async #takeSampler(): Promise<NvmlChild> {
    if (this.#sampler?.alive) return this.#sampler
    this.#warm = new Set()
    const promoted = this.#events.lend()
    if (promoted !== null) {
      this.#warm = new Set(promoted.registered)
      this.#sampler = promoted.child
      return promoted.child
    }
    const { child, ready } = await this.#pool.spawn()
    this.#driver = ready.driver
    this.#sampler = child
    return child
  }

  #dropSampler(): void {
    if (this.#sampler === null) return
    this.#events.forget(this.#sampler)
    this.#pool.kill(this.#sampler)
    this.#sampler = null
  }

  #giveUp(pending: readonly number[], error: unknown, sweep: Sweep): void {
    if (!(error instanceof AssayError)) throw error
    if (this.#rest?.error !== error) this.#rest = { error, until: performance.now() + REST_MS }
    const code = typeof error.facts.code === 'number' ? error.facts.code : PROBE_CODES.givenUp
    for (const index of pending) {
      this.#device(index).fail(code)
      sweep.devices.push({ index, handle: code, calls: new Map() })
    }
    sweep.warnings.push({ code: error.code, message: error.message })
  }

  #wanted(): number[] {
    return indicesBelow(this.#count).filter((index) => this.#quarantine.codeOf(index) === null)
  }

  #device(index: number): DeviceMemory {
    const known = this.#memory.get(index)
    if (known !== undefined) return known
    const fresh = new DeviceMemory(index)
    this.#memory.set(index, fresh)
    return fresh
  }

  #emit(event: ProbeEvent): void {
    this.#options.tap?.({ kind: 'event', event })
    this.#sink?.(event)
  }

  #onXid(index: number, xid: number, atMs: number): void {
    // An XID is why counters and states have moved: read all of them at the next sample.
    this.#slowReadAt = Number.NEGATIVE_INFINITY
    this.#emit({
      kind: 'xid',
      device: this.#device(index).ref,
      atMs,
      detail: [xid, 0],
      text: `XID ${xid} reported by NVML`,
    })
  }

  #onFailed(
    index: number,
    waitedMs: number | null,
    ended: { signal: string | null; code: number | null } | null,
  ): void {
    const known = this.#quarantine.codeOf(index) !== null
    const code = ended === null ? PROBE_CODES.stuck : PROBE_CODES.crashed
    this.#quarantine.hold(index, code, performance.now())
    this.#device(index).fail(code)
    if (known) return
    const device = this.#device(index).ref
    const atMs = Date.now()
    if (ended === null) {
      const text = `reading GPU ${index} hung for ${waitedMs} ms; its reader was ended`
      this.#emit({ kind: 'probe_stuck', device, atMs, detail: [waitedMs ?? 0], text })
    } else {
      const text = `the reader ended (${ended.signal ?? ended.code}) while reading GPU ${index}`
      this.#emit({ kind: 'probe_crashed', device, atMs, detail: [signalNumber(ended)], text })
    }
  }
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGILL: 4,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
}

function signalNumber(ended: { readonly signal: string | null; readonly code: number | null }): number {
  return ended.signal === null ? (ended.code ?? 0) : (SIGNALS[ended.signal] ?? 0)
}
