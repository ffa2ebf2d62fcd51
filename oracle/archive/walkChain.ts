import { comparePositions, type Position, type Tombstone } from '#protocol/wire/header'
import { oracleError } from '../oracleErrors.ts'
import type { ChainPoint } from './archive.ts'
import { hexKey } from './hexKey.ts'

/** What the walk reads of an entry; `tombstones` is called only for entries on the chain. */
export type WalkMeta = Position & {
  readonly id: number
  readonly hash: string
  readonly prev: string
  tombstones(): readonly Tombstone[]
}

export type WalkSource = {
  /** Every held entry after `from` up to and including `to`, any order. */
  metas(from: Position | null, to: Position): Iterable<WalkMeta>
  /** Whether an entry of this hash is held at or below `from`. */
  holdsAtOrBelow(hash: string, from: Position): boolean
}

const NO_PREVIOUS = '0'.repeat(64)

/**
 * Ids of the entries after `from` up to `to` in log order, found by walking back from `to`. A tombstone met on the way
 * wins over what it covers; the part of it at or below `from` changes nothing, it was counted before.
 * @throws AssayError ORACLE_ARCHIVE_GAP
 */
export function walkChain(
  source: WalkSource,
  agentId: Uint8Array,
  from: ChainPoint | null,
  to: ChainPoint,
): { readonly ids: number[]; readonly linked: boolean } {
  const fromKey = from ? hexKey(from.hash) : NO_PREVIOUS
  if (from && fromKey === hexKey(to.hash)) return { ids: [], linked: true }
  const byHash = new Map<string, WalkMeta>()
  for (const meta of source.metas(from, to)) byHash.set(meta.hash, meta)
  const covered = new Map<string, Tombstone>()
  const ids: number[] = []
  let key = hexKey(to.hash)
  while (key !== fromKey) {
    const tombstone = covered.get(key)
    if (tombstone) {
      covered.delete(key)
      key = hexKey(tombstone.firstPrev)
      if (from && comparePositions(tombstone.from, from) <= 0) return finish(ids, true)
      continue
    }
    const meta = byHash.get(key)
    if (!meta) {
      if (from && (key === NO_PREVIOUS || source.holdsAtOrBelow(key, from))) return finish(ids, false)
      throw oracleError('ORACLE_ARCHIVE_GAP', { agentId: hexKey(agentId), missing: key })
    }
    byHash.delete(key)
    ids.push(meta.id)
    for (const each of meta.tombstones())
      if (comparePositions(each.from, each.to) <= 0 && comparePositions(each.to, meta) < 0)
        covered.set(hexKey(each.lastHash), each)
    key = meta.prev
  }
  return finish(ids, true)
}

function finish(ids: number[], linked: boolean): { ids: number[]; linked: boolean } {
  return { ids: ids.reverse(), linked }
}
