import type { Primitives } from '#protocol/primitives'
import type { LogHead } from '#protocol/wire/ackList'
import type { Hex } from '#protocol/wire/chainView'
import { type Entry, parseEntry } from '#protocol/wire/entry'
import { comparePositions, type Position } from '#protocol/wire/header'
import type { LogStore, Peer } from './ports.ts'

/** Pages asked for in one attempt, so that a liar cannot keep a node busy. */
const MOST_PAGES = 400

/**
 * The linked entries of an agent after `parent` up to `head`, fetched from the peers where this node lacks some
 * (PROTOCOL §6.7). Null when nobody could hand them over.
 */
export async function chainOrFetch(
  agentId: Hex,
  parent: LogHead | null,
  head: LogHead,
  logs: LogStore,
  peers: readonly Peer[],
  primitives: Primitives,
): Promise<readonly Entry[] | null> {
  const held = logs.chain(agentId, parent, head)
  if (held) return held
  for (const peer of peers) {
    await fetchAfter(agentId, parent, head, logs, peer, primitives)
    const now = logs.chain(agentId, parent, head)
    if (now) return now
  }
  return null
}

/** Whether the agent-signed header of a listed head is held, after asking the peers for it where needed. */
export async function holdsOrFetch(head: LogHead, logs: LogStore, peers: readonly Peer[]): Promise<boolean> {
  const agentId = `0x${Buffer.from(head.logId).toString('hex')}` as Hex
  if (logs.holds(agentId, head)) return true
  for (const peer of peers) {
    const entries = await peer.archive(agentId, head.boot, head.seq, head.seq)
    if (entries && entries.length > 0) await logs.addFromPeer(entries)
    if (logs.holds(agentId, head)) return true
  }
  return false
}

/**
 * Fetches what follows `after` from one peer, page by page, until `to` is reached or the peer has no more. Boots need
 * not be consecutive, so pages go by position, not by boot.
 */
export async function fetchAfter(
  agentId: Hex,
  after: Position | null,
  to: Position,
  logs: Pick<LogStore, 'addFromPeer'>,
  peer: Peer,
  primitives: Primitives,
): Promise<void> {
  let at = after
  for (let page = 0; page < MOST_PAGES; page++) {
    const entries = await peer.after(agentId, at)
    const last = entries && lastPosition(entries, primitives)
    if (!entries || !last || (at && comparePositions(last, at) <= 0)) return
    await logs.addFromPeer(entries)
    at = last
    if (comparePositions(at, to) >= 0) return
  }
}

function lastPosition(entries: readonly Uint8Array[], primitives: Primitives): Position | null {
  const last = entries.at(-1)
  if (!last) return null
  try {
    const { boot, seq } = parseEntry(last, primitives).header
    return { boot, seq }
  } catch {
    return null
  }
}
