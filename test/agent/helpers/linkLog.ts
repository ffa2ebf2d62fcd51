import { toHex } from '#protocol/bytes'
import { noblePrimitives } from '#protocol/noblePrimitives'
import { type Entry, parseEntry } from '#protocol/wire/entry'
import { comparePositions, type Tombstone } from '#protocol/wire/header'
import type { Spool } from '../../../agent/spool/spool.ts'

/** All entries that a spool holds, in log order. */
export async function heldEntries(spool: Spool): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const ordinal of spool.next(0, 1_000_000)) {
    const read = await spool.read(ordinal)
    if (read) entries.push(parseEntry(read.bytes, noblePrimitives))
  }
  return entries
}

/**
 * Follows a log as a node does: from `from` (hex of a hash) over entries and tombstones. Answers the hashes reached, in
 * order, and whether every entry given was reached.
 */
export function followLog(
  entries: readonly Entry[],
  extra: readonly Tombstone[] = [],
  from = '0'.repeat(64),
): { reached: Entry[]; isWhole: boolean; end: string } {
  const byPrev = new Map<string, Entry>()
  for (const entry of entries) {
    const key = toHex(entry.header.prev)
    const rival = byPrev.get(key)
    if (!rival || comparePositions(entry.header, rival.header) > 0) byPrev.set(key, entry)
  }
  const tombstones = new Map<string, Tombstone>()
  for (const each of [...entries.flatMap((entry) => entry.header.tombstones), ...extra])
    tombstones.set(toHex(each.firstPrev), each)
  const reached: Entry[] = []
  let at = from
  for (;;) {
    const next = byPrev.get(at)
    const hole = tombstones.get(at)
    if (next) {
      reached.push(next)
      at = toHex(next.hash)
    } else if (hole) {
      tombstones.delete(at)
      at = toHex(hole.lastHash)
    } else return { reached, isWhole: reached.length === entries.length, end: at }
  }
}

/** The remainder of the conservation law: 0 when nothing is unaccounted for. */
export function remainder(spool: Spool): number {
  const { produced, acked, spooled, dropped } = spool.counters()
  return produced - acked - spooled - dropped.reduce((sum, each) => sum + each.count, 0)
}
