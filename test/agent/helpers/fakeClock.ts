import type { Clock } from '../../../agent/clock.ts'

/** A clock that moves only when told to. */
export type FakeClock = Clock & {
  /** Moves on, firing what falls due in order; lets promises settle in between. */
  advance(ms: number): Promise<void>
  /** Sets the wall clock without moving time. */
  jump(ms: number): void
  readonly waiting: number
}

/** A clock that stands at one second after the epoch. */
export function createFakeClock(): FakeClock {
  let time = 0
  let wall = 1000
  let serial = 0
  const timers = new Map<number, { at: number; call: () => void }>()
  const settle = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
  return {
    now: () => wall,
    monotonic: () => time,
    after(ms, call) {
      const id = serial++
      timers.set(id, { at: time + ms, call })
      return () => timers.delete(id)
    },
    get waiting() {
      return timers.size
    },
    jump(ms) {
      wall += ms
    },
    async advance(ms) {
      const until = time + ms
      for (;;) {
        await settle()
        const next = [...timers]
          .filter(([, timer]) => timer.at <= until)
          .sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0]
        if (!next) break
        const [id, timer] = next
        timers.delete(id)
        wall += timer.at - time
        time = timer.at
        timer.call()
      }
      wall += until - time
      time = until
      await settle()
    },
  }
}
