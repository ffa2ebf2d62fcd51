import type { Clock } from '../clock.ts'

/** Calls a task at start + k x period: without drift, and never twice at once. */
export type Ticker = {
  start(): void
  /** Resolves when a task that runs is done. */
  stop(): Promise<void>
  /** Ticks left out because the task of an earlier one still ran. */
  skipped(): number
}

/** A ticker; `task` must not throw. */
export function createTicker(periodMs: number, clock: Clock, task: () => Promise<void>): Ticker {
  let origin = 0
  let beat = 0
  let skipped = 0
  let cancel: (() => void) | undefined
  let running: Promise<void> | undefined
  let isStopped = true

  function schedule(): void {
    if (isStopped) return
    const due = origin + beat * periodMs
    cancel = clock.after(Math.max(0, due - clock.monotonic()), fire)
  }

  function fire(): void {
    running = task().finally(() => {
      running = undefined
      // The next beat still ahead; beats that passed meanwhile are left out, not caught up.
      const next = Math.max(beat + 1, Math.ceil((clock.monotonic() - origin) / periodMs))
      skipped += next - beat - 1
      beat = next
      schedule()
    })
  }

  return {
    start() {
      isStopped = false
      origin = clock.monotonic()
      beat = 0
      schedule()
    },
    async stop() {
      isStopped = true
      cancel?.()
      await running
    },
    skipped: () => skipped,
  }
}
