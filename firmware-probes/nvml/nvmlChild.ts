import type { ChildLink } from './childLink.ts'
import type { FromChild } from './messages.ts'
import { monotonicMs } from './progressWord.ts'

export type Ready = Extract<FromChild, { say: 'ready' }>
export type Unusable = Extract<FromChild, { say: 'unusable' }>
export type Swept = Extract<FromChild, { say: 'swept' }>
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
}

/**
 * One child process with its watchdog: every request ends, with an answer, as stuck when one device has been under the
 * child's hands for longer than the deadline (or nothing was begun for as long), or as gone.
 */
export class NvmlChild {
  readonly #link: ChildLink
  readonly #waiting = new Set<Waiting>()
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

  /** Reads devices in order; `deadlineMs` is for each of them. */
  sweep(id: number, indices: readonly number[], slow: boolean, deadlineMs: number): Promise<Outcome<Swept>> {
    const answer = this.#wait<Swept>(deadlineMs, (message) =>
      message.say === 'swept' && message.id === id ? { value: message } : undefined,
    )
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
      const asked = monotonicMs()
      let timer: NodeJS.Timeout
      const settle = (outcome: Outcome<unknown>) => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        resolve(outcome as Outcome<T>)
      }
      const look = () => {
        const touch = this.#link.touching()
        const now = monotonicMs()
        const waited = now - Math.max(asked, touch?.sinceMs ?? asked)
        if (waited >= deadlineMs)
          settle({ end: 'stuck', index: touch?.index ?? null, waitedMs: Math.round(waited) })
        else timer = setTimeout(look, Math.ceil(deadlineMs - waited))
      }
      const waiting: Waiting = { take, settle }
      this.#waiting.add(waiting)
      timer = setTimeout(look, deadlineMs)
      if (this.#ended !== null) this.#end(this.#ended)
    })
  }

  #hear(message: FromChild): void {
    for (const waiting of [...this.#waiting]) {
      const answer = waiting.take(message)
      if (answer !== undefined) waiting.settle({ end: 'done', value: answer.value })
    }
    if (message.say === 'event' || message.say === 'deaf') this.onEvent(message)
  }

  #end(ended: { readonly code: number | null; readonly signal: string | null }): void {
    const index = this.#ended === null ? (this.#link.touching()?.index ?? null) : null
    this.#ended = ended
    this.#reaped()
    for (const waiting of [...this.#waiting]) waiting.settle({ end: 'gone', index, ...ended })
  }
}
