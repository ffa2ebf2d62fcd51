import { comparePositions, type Position, type Tombstone } from '#protocol/wire/header'
import { hexKey } from './hexKey.ts'

/** What linking needs of an entry; `hash` and `prev` are hex, `id` names its row. */
export type LinkMeta = Position & {
  readonly id: number
  readonly hash: string
  readonly prev: string
  readonly tombstones: readonly Tombstone[]
}

export type LinkHead = Position & { readonly hash: string }

export type Linked = { readonly linked: readonly LinkMeta[]; readonly rolledBack: boolean }

/** Whether an entry of this hash (hex) is on the chain. */
export type IsLinked = (hash: string) => boolean

/** Follows one log: which entry is the durable, gapless head, and what waits for a gap to fill. */
export type LogTracker = {
  head(): LinkHead | null
  /** The highest position ever offered, linked or not. */
  highest(): Position | null
  waiting(): { readonly count: number; readonly lowest: Position } | undefined
  waitingCount(): number
  /** Takes in an entry; `isLinked` says whether an entry of this hash is on the chain already. */
  offer(meta: LinkMeta, isLinked: IsLinked): Linked
}

const NO_PREVIOUS = '0'.repeat(64)
const NOTHING: Linked = { linked: [], rolledBack: false }

/** A tracker that goes on from a stored head; entries beyond it that are not linked yet are offered again. */
export function createLogTracker(start: LinkHead | null, highestSeen: Position | null): LogTracker {
  let head = start
  let highest = highestSeen
  /** Entries beyond the head by what they link to, in order of arrival. */
  const waiting = new Map<string, LinkMeta[]>()
  const tombstones = new Map<string, Tombstone>()
  let count = 0

  function take(key: string, after: Position | null): LinkMeta | undefined {
    let best: LinkMeta | undefined
    for (const meta of waiting.get(key) ?? [])
      if (follows(after, meta) && (!best || meta.boot > best.boot)) best = meta
    return best
  }

  /** The tombstone that goes on from a place: it begins right after it, or the place is inside what was given up. */
  function bridge(key: string, at: Position | null, isLinked: IsLinked): Tombstone | undefined {
    const after = tombstones.get(key)
    if (after && follows(at, after.from)) return after
    if (!at) return undefined
    for (const each of tombstones.values()) {
      const first = hexKey(each.firstPrev)
      const inside = comparePositions(each.from, at) <= 0 && comparePositions(at, each.to) < 0
      if (inside && (first === NO_PREVIOUS || isLinked(first))) return each
    }
    return undefined
  }

  /** The next entry of the chain, over tombstones where the agent gave entries up. */
  function next(isLinked: IsLinked): LinkMeta | undefined {
    let key = head?.hash ?? NO_PREVIOUS
    let at: Position | null = head
    for (let hops = 0; hops <= tombstones.size; hops++) {
      const found = take(key, at)
      if (found) return found
      const tombstone = bridge(key, at, isLinked)
      if (!tombstone) return undefined
      key = hexKey(tombstone.lastHash)
      at = tombstone.to
    }
    return undefined
  }

  function drain(linked: LinkMeta[], isLinked: IsLinked): void {
    for (let meta = waiting.size > 0 ? next(isLinked) : undefined; meta; meta = next(isLinked)) {
      count -= waiting.get(meta.prev)?.length ?? 0
      waiting.delete(meta.prev)
      head = meta
      linked.push(meta)
    }
    if (head && linked.length > 0) drop(head)
  }

  function drop(reached: Position): void {
    for (const [key, metas] of waiting) {
      const left = metas.filter((meta) => comparePositions(meta, reached) > 0)
      count -= metas.length - left.length
      if (left.length === 0) waiting.delete(key)
      else if (left.length < metas.length) waiting.set(key, left)
    }
    for (const [key, tombstone] of tombstones)
      if (comparePositions(tombstone.to, reached) <= 0) tombstones.delete(key)
  }

  return {
    head: () => head,
    highest: () => highest,
    waitingCount: () => count,
    waiting() {
      let lowest: Position | undefined
      for (const metas of waiting.values()) {
        for (const meta of metas) if (!lowest || comparePositions(meta, lowest) < 0) lowest = meta
      }
      return lowest && { count, lowest: { boot: lowest.boot, seq: lowest.seq } }
    },
    offer(meta, isLinked) {
      if (!highest || comparePositions(meta, highest) > 0) highest = { boot: meta.boot, seq: meta.seq }
      if (head && comparePositions(meta, head) <= 0) return NOTHING
      const direct = meta.prev === (head?.hash ?? NO_PREVIOUS) && follows(head, meta)
      // A later boot on an ancestor of the head: an agent restored from a backup while a node that knew more was away.
      const rolledBack = !direct && head !== null && meta.boot > head.boot && isLinked(meta.prev)
      if (direct || rolledBack) {
        head = meta
        const linked = [meta]
        if (waiting.size > 0) drain(linked, isLinked)
        return { linked, rolledBack }
      }
      const siblings = waiting.get(meta.prev)
      if (siblings) siblings.push(meta)
      else waiting.set(meta.prev, [meta])
      count += 1
      for (const tombstone of meta.tombstones) {
        const ordered = comparePositions(tombstone.from, tombstone.to) <= 0
        if (ordered && comparePositions(tombstone.to, meta) < 0)
          tombstones.set(hexKey(tombstone.firstPrev), tombstone)
      }
      const linked: LinkMeta[] = []
      drain(linked, isLinked)
      return { linked, rolledBack: false }
    },
  }
}

/** Whether a position comes right after another: the next of its boot, or any of a later boot. */
function follows(before: Position | null, after: Position): boolean {
  if (!before) return true
  return after.boot === before.boot ? after.seq === before.seq + 1 : after.boot > before.boot
}
