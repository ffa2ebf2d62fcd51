import type { ChildLink } from './childLink.ts'
import type { FromChild } from './messages.ts'

export type Ready = Extract<FromChild, { say: 'ready' }>
export type Unusable = Extract<FromChild, { say: 'unusable' }>
export type DeviceRaw = Extract<FromChild, { say: 'device' }>
export type ChildEvent = Extract<FromChild, { say: 'event' } | { say: 'deaf' }>

/** How a request to a child ended. `index` is the device whose calls were under way, null when it was none. */
export type Outcome<T> =
  | { readonly end: 'done'; readonly value: T }
  | { readonly end: 'stuck'; readonly index: number | null; readonly waitedMs: number }
  | {
      readonly end: 'gone'
      readonly index: number | null
      readonly signal: string | null
      readonly code: number | null
    }

type Waiting = {
  readonly take: (message: FromChild) => { readonly value: unknown } | undefined
  readonly settle: (outcome: Outcome<unknown>) => void
  readonly timer: NodeJS.Timeout
  armedAt: number
}

/**
 * One child process with its watchdog: every request ends, with an answer, as stuck when nothing was heard for its
 * deadline, or as gone. Any message is a sign of life and starts the deadline anew.
 */
export class NvmlChild {
  readonly #link: ChildLink
  readonly #waiting = new Set<Waiting>()
  #touching: number | null = null
  #ended: { readonly code: number | null; readonly signal: string | null } | null = null
  #reaped: () => void = () => undefined
  /** Resolves when the process was reaped; for one in uninterruptible sleep that may be never. */
  readonly reaped: Promise<void>
  onEvent: (event: ChildEvent) => void = () => undefined

  constructor(link: ChildLink) {
    this.#link = link
    this.reaped = new Promise((resolve) => {
      this.#reaped = resolve
    })
    link.onMessage((message) => this.#hear(message))
    link.onGone((ended) => this.#end(ended))
  }

  get alive(): boolean {
    return this.#ended === null
  }

  /** Waits for the child to have loaded and initialised NVML. */
  ready(deadlineMs: number): Promise<Outcome<Ready | Unusable>> {
    return this.#wait<Ready | Unusable>(deadlineMs, (message) =>
      message.say === 'ready' || message.say === 'unusable' ? { value: message } : undefined,
    )
  }

  /** Reads devices in order; `onDevice` is called as each one answers. */
  sweep(
    id: number,
    indices: readonly number[],
    slow: boolean,
    deadlineMs: number,
    onDevice: (raw: DeviceRaw) => void,
  ): Promise<Outcome<{ readonly count: number; readonly code: number }>> {
    const answer = this.#wait<{ count: number; code: number }>(deadlineMs, (message) => {
      if (message.say === 'device' && message.id === id) onDevice(message)
      return message.say === 'swept' && message.id === id ? { value: message } : undefined
    })
    this.#link.send({ ask: 'sample', id, indices, slow })
    return answer
  }

  /** Registers devices for events; from `done` on no event of theirs is missed. */
  listen(
    indices: readonly number[],
    deadlineMs: number,
  ): Promise<Outcome<readonly { index: number; code: number }[]>> {
    const answer = this.#wait<readonly { index: number; code: number }[]>(deadlineMs, (message) => {
      if (message.say === 'listening') return { value: message.failed }
      return message.say === 'deaf'
        ? { value: indices.map((index) => ({ index, code: message.code })) }
        : undefined
    })
    this.#link.send({ ask: 'listen', indices })
    return answer
  }

  /** Asks the child to report no more events. */
  hush(): void {
    this.#link.send({ ask: 'hush' })
  }

  kill(): void {
    this.onEvent = () => undefined
    this.#link.kill()
  }

  #wait<T>(
    deadlineMs: number,
    take: (message: FromChild) => { readonly value: T } | undefined,
  ): Promise<Outcome<T>> {
    return new Promise((resolve) => {
      const finish = (outcome: Outcome<T>) => {
        clearTimeout(waiting.timer)
        this.#waiting.delete(waiting)
        resolve(outcome)
      }
      const stuck = () =>
        finish({
          end: 'stuck',
          index: this.#touching,
          waitedMs: Math.round(performance.now() - waiting.armedAt),
        })
      const waiting: Waiting = {
        take,
        settle: (outcome) => finish(outcome as Outcome<T>),
        timer: setTimeout(stuck, deadlineMs),
        armedAt: performance.now(),
      }
      this.#waiting.add(waiting)
      if (this.#ended !== null) this.#end(this.#ended)
    })
  }

  #hear(message: FromChild): void {
    if (message.say === 'begin') this.#touching = message.index
    else if (message.say !== 'event') this.#touching = null
    for (const waiting of [...this.#waiting]) {
      waiting.timer.refresh()
      waiting.armedAt = performance.now()
      const answer = waiting.take(message)
      if (answer !== undefined) waiting.settle({ end: 'done', value: answer.value })
    }
    if (message.say === 'event' || message.say === 'deaf') this.onEvent(message)
  }

  #end(ended: { readonly code: number | null; readonly signal: string | null }): void {
    this.#ended = ended
    this.#reaped()
    for (const waiting of [...this.#waiting]) waiting.settle({ end: 'gone', index: this.#touching, ...ended })
  }
}
