import { sameBytes } from '#protocol/bytes'
import { comparePositions, type Tombstone } from '#protocol/wire/header'

/**
 * Tombstones in log order, neighbours of one reason joined into one, and what a longer one covers left out. Two of them
 * are disjoint, or one covers the other (an earlier state of it, brought back by an entry that carried it).
 */
export function mergeTombstones(tombstones: readonly Tombstone[]): Tombstone[] {
  const merged: Tombstone[] = []
  const inOrder = [...tombstones].sort(
    (a, b) => comparePositions(a.from, b.from) || comparePositions(b.to, a.to),
  )
  for (const next of inOrder) {
    const last = merged.at(-1)
    if (last && comparePositions(next.to, last.to) <= 0) continue
    if (last && last.reason === next.reason && sameBytes(last.lastHash, next.firstPrev))
      merged[merged.length - 1] = { ...last, to: next.to, lastHash: next.lastHash }
    else merged.push(next)
  }
  return merged
}

/** Whether two tombstones say the same. */
export function sameTombstone(a: Tombstone, b: Tombstone): boolean {
  return (
    a.reason === b.reason &&
    comparePositions(a.from, b.from) === 0 &&
    comparePositions(a.to, b.to) === 0 &&
    sameBytes(a.firstPrev, b.firstPrev) &&
    sameBytes(a.lastHash, b.lastHash)
  )
}
