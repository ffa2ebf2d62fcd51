import type { Tombstone } from '#protocol/wire/header'
import type { DamagedEntry } from './damagedEntry.ts'
import { readHead } from './readEntry.ts'
import type { SegmentStore } from './segmentStore.ts'
import type { SpoolIndex } from './spoolIndex.ts'
import type { SpoolState } from './spoolState.ts'

const NO_PREVIOUS = new Uint8Array(32)

/**
 * Tombstones for entries that damage took and that nothing tells of yet, so that the nodes can link over the hole. A run
 * whose neighbours cannot be named either is left out; the nodes then fill it from each other or link the next boot.
 */
export async function missingTombstones(from: {
  readonly store: SegmentStore
  readonly state: SpoolState
  readonly index: SpoolIndex
  readonly carriers: ReadonlyMap<number, readonly Tombstone[]>
  readonly broken: ReadonlyMap<number, DamagedEntry>
}): Promise<Tombstone[]> {
  const { store, state, index, carriers, broken } = from
  const told = [...state.tombstones, ...[...carriers.values()].flat()].map((tombstone) => ({
    tombstone,
    first: index.ordinalOf(tombstone.from) ?? Number.NaN,
    last: index.ordinalOf(tombstone.to) ?? Number.NaN,
  }))

  async function hashOf(ordinal: number): Promise<Uint8Array | undefined> {
    if (ordinal === 0) return NO_PREVIOUS
    if (ordinal === state.ackedOrdinal) return state.ackedHash ?? undefined
    if (ordinal === state.produced) return state.head?.hash
    const place = index.find(ordinal)
    if (place) return (await readHead(store, place))?.hash
    const gone = broken.get(ordinal)
    return gone?.hash ?? told.find((each) => each.last === ordinal)?.tombstone.lastHash
  }

  /** What an entry links to: the hash of the one before it, known even where that one is gone. */
  async function prevOf(ordinal: number): Promise<Uint8Array | undefined> {
    const place = index.find(ordinal)
    if (place) return (await readHead(store, place))?.prev
    const gone = broken.get(ordinal)
    return gone?.prev ?? told.find((each) => each.first === ordinal)?.tombstone.firstPrev
  }

  const tombstones: Tombstone[] = []
  for (const { first, last } of missingRuns(state, index, told)) {
    const firstPrev = (await hashOf(first - 1)) ?? (await prevOf(first))
    const lastHash = (await prevOf(last + 1)) ?? (await hashOf(last))
    const start = index.positionOf(first)
    const end = index.positionOf(last)
    if (firstPrev && lastHash && start && end)
      tombstones.push({ from: start, to: end, firstPrev, lastHash, reason: 'damaged' })
  }
  return tombstones
}

/** Runs of ordinals beyond the acked ones that are neither held nor told of. */
function missingRuns(
  state: SpoolState,
  index: SpoolIndex,
  told: readonly { first: number; last: number }[],
): { first: number; last: number }[] {
  const covered = told
    .filter((each) => each.first <= each.last)
    .concat(index.next(state.ackedOrdinal, index.count).map((ordinal) => ({ first: ordinal, last: ordinal })))
    .sort((a, b) => a.first - b.first)
  const runs: { first: number; last: number }[] = []
  let next = state.ackedOrdinal + 1
  for (const { first, last } of covered) {
    if (first > next) runs.push({ first: next, last: first - 1 })
    next = Math.max(next, last + 1)
  }
  if (next <= state.produced) runs.push({ first: next, last: state.produced })
  return runs
}
