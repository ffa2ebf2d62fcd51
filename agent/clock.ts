/** Time as the agent sees it, as a port: tests put their own behind it. */
export type Clock = {
  /** Milliseconds of Unix time; may jump. */
  now(): number
  /** Milliseconds that never jump. */
  monotonic(): number
  /** Calls once after a pause; answers how to cancel. The process may end meanwhile. */
  after(ms: number, call: () => void): () => void
}

/** The clock of the host. */
export const hostClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}
