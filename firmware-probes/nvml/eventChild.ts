import { AssayError } from '#protocol/assayError'
import type { ProbeWarning } from '#protocol/wire/reading'
import type { ChildPool } from './childPool.ts'
import { EVENT_XID } from './eventTypes.ts'
import type { ChildEvent, NvmlChild } from './nvmlChild.ts'

export type EventListener = {
  /** An XID of a device. */
  readonly xid: (index: number, xid: number, atMs: number) => void
  /** Registering this device hung (`ended` null) or crashed the child. */
  readonly failed: (
    index: number,
    waitedMs: number | null,
    ended: { signal: string | null; code: number | null } | null,
  ) => void
}

/** Wait before a child that could not be started is tried again. */
const RETRY_MS = 5000

/**
 * The child that waits for XIDs, and the reserve of the sampler: initialised and warm, it can take over at once.
 * After it was lent, a successor is started; the lent one goes on reporting until the successor listens, so that no
 * event falls between them.
 */
export class EventChild {
  readonly #pool: ChildPool
  readonly #deadlineMs: number
  readonly #listener: EventListener
  /** The child whose events count now. */
  #child: NvmlChild | null = null
  #registered: readonly number[] = []
  #lent = false
  #starting: Promise<void> | null = null
  #stopped = false
  #notBefore = 0
  #warning: ProbeWarning | null = null
  #deaf: ProbeWarning[] = []

  constructor(pool: ChildPool, deadlineMs: number, listener: EventListener) {
    this.#pool = pool
    this.#deadlineMs = deadlineMs
    this.#listener = listener
  }

  /** Registers the devices and waits until nothing of theirs can be missed any more. */
  async start(indices: readonly number[]): Promise<void> {
    this.#stopped = false
    await this.#begin(indices)
  }

  /** Called after every sample: starts a child where one is wanted and none is there. Does not wait for it. */
  keep(indices: readonly number[]): void {
    const whole = this.#child?.alive === true && !this.#lent
    if (whole || this.#starting !== null || this.#stopped || !this.#pool.open) return
    if (performance.now() < this.#notBefore || indices.length === 0) return
    void this.#begin(indices)
  }

  /** Hands the child over to sampling, if there is one. */
  lend(): { readonly child: NvmlChild; readonly registered: readonly number[] } | null {
    if (this.#child?.alive !== true || this.#lent) return null
    this.#lent = true
    return { child: this.#child, registered: this.#registered }
  }

  /** The child was killed by its borrower. */
  forget(child: NvmlChild): void {
    if (this.#child !== child) return
    this.#child = null
    this.#lent = false
  }

  stop(): void {
    this.#stopped = true
    this.#child = null
    this.#lent = false
  }

  /** Why XIDs may be missed at present. */
  warnings(): readonly ProbeWarning[] {
    return this.#warning === null ? this.#deaf : [this.#warning, ...this.#deaf]
  }

  #begin(indices: readonly number[]): Promise<void> {
    this.#starting ??= this.#attempt(indices).finally(() => {
      this.#starting = null
    })
    return this.#starting
  }

  async #attempt(indices: readonly number[]): Promise<void> {
    let child: NvmlChild
    try {
      child = (await this.#pool.spawn()).child
    } catch (error) {
      if (!(error instanceof AssayError)) throw error
      this.#notBefore = performance.now() + RETRY_MS
      this.#warning = { code: error.code, message: `XIDs are not watched through NVML: ${error.message}` }
      return
    }
    if (this.#stopped) return this.#pool.kill(child)
    const outcome = await child.listen(indices, this.#deadlineMs)
    if (this.#stopped) return this.#pool.kill(child)
    if (outcome.end !== 'done') {
      this.#pool.kill(child)
      // A device that could be named is out of the way now; anything else needs time.
      this.#notBefore = outcome.index === null ? performance.now() + RETRY_MS : 0
      const ended = outcome.end === 'gone' ? outcome : null
      if (outcome.index !== null)
        this.#listener.failed(
          outcome.index,
          ended === null && outcome.end === 'stuck' ? outcome.waitedMs : null,
          ended,
        )
      this.#warning = {
        code: 'AGENT_PROBE_NVML_STUCK',
        message: 'XIDs are not watched through NVML: registering for events did not end',
      }
      return
    }
    this.#take(child, indices, outcome.value)
  }

  #take(
    child: NvmlChild,
    indices: readonly number[],
    failed: readonly { index: number; code: number }[],
  ): void {
    const previous = this.#child
    if (previous !== null) {
      previous.onEvent = () => undefined
      previous.hush()
    }
    child.onEvent = (event) => this.#hear(child, event)
    this.#child = child
    this.#lent = false
    this.#warning = null
    this.#registered = indices.filter((index) => !failed.some((one) => one.index === index))
    this.#deaf = failed.map(({ index, code }) => ({
      code: 'AGENT_PROBE_NVML_EVENTS',
      message: `XIDs of GPU ${index} are not watched through NVML: nvmlDeviceRegisterEvents gave ${code}`,
    }))
  }

  #hear(child: NvmlChild, event: ChildEvent): void {
    if (this.#child !== child) return
    if (event.say === 'event') {
      if ((BigInt(event.type) & EVENT_XID) !== 0n)
        this.#listener.xid(event.index, Number(event.data), event.atMs)
      return
    }
    this.#notBefore = performance.now() + RETRY_MS
    this.#warning = {
      code: 'AGENT_PROBE_NVML_EVENTS',
      message: `XIDs are not watched through NVML: nvmlEventSetWait_v2 gave ${event.code}`,
    }
    this.#child = null
    if (!this.#lent) this.#pool.kill(child)
    this.#lent = false
  }
}
