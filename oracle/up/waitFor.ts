import { setTimeout as pause } from 'node:timers/promises'

/**
 * Asks again every `everyMs` until `ask` gives something other than undefined or false.
 * @throws Error naming `what` after `limitMs`; the reason of `signal` once it is aborted
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  limitMs = 60_000,
  everyMs = 100,
  signal?: AbortSignal,
): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    signal?.throwIfAborted()
    const found = await ask().catch(() => undefined)
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`waited ${limitMs / 1000} s for ${what}`)
    await pause(everyMs, undefined, signal ? { signal } : {})
  }
}
