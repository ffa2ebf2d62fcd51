type Held = { readonly since: number; readonly dueAt: number; readonly waitMs: number; readonly code: number }

/**
 * Devices that the watchdog keeps out of sampling. A device is tried again after `firstMs`, then after twice as long
 * each time up to `mostMs`, because every failed try costs a child process. Times come from the caller.
 */
export class Quarantine {
  readonly #held = new Map<number, Held>()
  readonly #firstMs: number
  readonly #mostMs: number

  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs
    this.#mostMs = mostMs
  }

  /** Holds an index, or holds it for longer after a failed try. `code` is what its readings say meanwhile. */
  hold(index: number, code: number, now: number): void {
    const before = this.#held.get(index)
    const waitMs = before === undefined ? this.#firstMs : Math.min(before.waitMs * 2, this.#mostMs)
    this.#held.set(index, { since: before?.since ?? now, dueAt: now + waitMs, waitMs, code })
  }

  release(index: number): void {
    this.#held.delete(index)
  }

  /** The code of a held index, or null. */
  codeOf(index: number): number | null {
    return this.#held.get(index)?.code ?? null
  }

  /** The held index that is due longest, or null. One at a time: two failed tries would cost two children. */
  due(now: number): number | null {
    let best: { index: number; dueAt: number } | null = null
    for (const [index, { dueAt }] of this.#held) {
      if (dueAt <= now && (best === null || dueAt < best.dueAt)) best = { index, dueAt }
    }
    return best?.index ?? null
  }

  get size(): number {
    return this.#held.size
  }
}
