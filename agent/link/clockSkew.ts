/** What is known when an epoch becomes agreed. Times in milliseconds. */
export type SkewFacts = {
  readonly hostNowMs: number
  /** Chain time of the anchor block. */
  readonly chainMs: number
  /** Whether the announcement was just made, and not kept by the broker from earlier. */
  readonly isLive: boolean
  /** Time from one anchor to the next, as seen so far; null when only one was seen. */
  readonly epochMs: number | null
  readonly limitMs: number
  readonly finalityMs: number
}

/**
 * Seconds that the host clock is ahead of (positive) or behind (negative) what chain time allows, or 0. A clock behind
 * the anchor is wrong in any case; one ahead of it only beyond the time that finality and one epoch may take.
 */
export function clockSkewS(facts: SkewFacts): number {
  const ahead = facts.hostNowMs - facts.chainMs
  if (ahead < -facts.limitMs) return Math.round(ahead / 1000)
  if (!facts.isLive || facts.epochMs === null) return 0
  return ahead > facts.limitMs + facts.finalityMs + facts.epochMs ? Math.round(ahead / 1000) : 0
}
