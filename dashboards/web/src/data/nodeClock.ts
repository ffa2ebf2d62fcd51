let offset = 0

/** Milliseconds of the node's clock, carried on from its last word: ages do not depend on the clock of this computer. */
export function nodeNow(): number {
  return performance.timeOrigin + performance.now() + offset
}

/** Takes the node's clock from an answer that has just arrived. */
export function setNodeClock(now: number): void {
  offset = now - (performance.timeOrigin + performance.now())
}
