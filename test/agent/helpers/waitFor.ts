/** Waits until a condition holds; fails with its name when it does not within `ms`. */
export async function waitFor(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 10_000,
): Promise<void> {
  const until = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > until) throw new Error(`waited ${ms} ms for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
