import { sameBytes } from '#protocol/bytes'
import { comparePositions, type Tombstone } from '#protocol/wire/header'

/** Tombstones in log order, neighbours of one reason joined into one. */
export function mergeTombstones(tombstones: readonly Tombstone[]): Tombstone[] {
  const merged: Tombstone[] = []
  for (const next of [...tombstones].sort((a, b) => comparePositions(a.from, b.from))) {
    const last = merged.at(-1)
    if (last && last.reason === next.reason && sameBytes(last.lastHash, next.firstPrev))
      merged[merged.length - 1] = { ...last, to: next.to, lastHash: next.lastHash }
    else if (!last || comparePositions(next.from, last.to) > 0) merged.push(next)
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
