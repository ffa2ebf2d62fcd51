import type { DropReason, Tombstone } from '#protocol/wire/header'
import { readHead } from './readEntry.ts'
import type { SegmentStore } from './segmentStore.ts'
import type { EntryPlace, SpoolIndex } from './spoolIndex.ts'

/** One tombstone per run of neighbouring entries that are about to be given up. */
export async function thinnedTombstones(
  store: SegmentStore,
  index: SpoolIndex,
  places: readonly EntryPlace[],
  reason: DropReason = 'quota',
): Promise<Tombstone[]> {
  const tombstones: Tombstone[] = []
  let start = 0
  for (let i = 0; i < places.length; i++) {
    const here = places[i] as EntryPlace
    if (places[i + 1]?.ordinal === here.ordinal + 1) continue
    const opening = places[start] as EntryPlace
    start = i + 1
    const first = await readHead(store, opening)
    const last = await readHead(store, here)
    const from = index.positionOf(opening.ordinal)
    const to = index.positionOf(here.ordinal)
    if (first && last && from && to)
      tombstones.push({ from, to, firstPrev: first.prev, lastHash: last.hash, reason })
  }
  return tombstones
}
