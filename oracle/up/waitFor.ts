/**
 * Asks again every `everyMs` until `ask` gives something other than undefined or false.
 * @throws Error naming `what` after `limitMs`
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  limitMs = 60_000,
  everyMs = 100,
): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    const found = await ask().catch(() => undefined)
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`waited ${limitMs / 1000} s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
