/** Length of one proposer's turn: an eighth of an epoch (PROTOCOL §6.3), in milliseconds. */
export function turnMs(epochLengthS: number): number {
  return (epochLengthS * 1000) / 8
}

/** The turn that runs `elapsedMs` after the next epoch opened. */
export function turnAt(elapsedMs: number, epochLengthS: number): number {
  return Math.max(0, Math.floor(elapsedMs / turnMs(epochLengthS)))
}

/** Roster index of the proposer of round n at a turn: n mod N, then the next. */
export function proposerIndex(n: number, turn: number, nodes: number): number {
  return (n + turn) % nodes
}

/**
 * How long transmitter `index` waits after agreement on round n before it posts: the proposer first, each other a
 * quarter of an epoch later, so that the chain shows the first one's transaction before the next one begins.
 */
export function transmitDelayMs(n: number, index: number, nodes: number, epochLengthS: number): number {
  return ((((index - n) % nodes) + nodes) % nodes) * 2 * turnMs(epochLengthS)
}
