import type { LogHead } from '#protocol/wire/ackList'
import type { Hex } from '#protocol/wire/chainView'
import type { Entry } from '#protocol/wire/entry'
import type { LogStore, Peer } from './ports.ts'

/** Entries asked for at a time; an answer may be shorter. */
const PAGE = 256
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
): Promise<readonly Entry[] | null> {
  const held = logs.chain(agentId, parent, head)
  if (held) return held
  for (const peer of peers) {
    await fetchRange(agentId, parent, head, logs, peer)
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

async function fetchRange(
  agentId: Hex,
  parent: LogHead | null,
  head: LogHead,
  logs: LogStore,
  peer: Peer,
): Promise<void> {
  let boot = parent?.boot ?? 0
  let from = parent ? parent.seq + 1 : 0
  for (let page = 0; page < MOST_PAGES && boot <= head.boot; page++) {
    const to = boot === head.boot ? head.seq : from + PAGE - 1
    const upTo = Math.min(to, from + PAGE - 1)
    const entries = from > upTo ? [] : await peer.archive(agentId, boot, from, upTo)
    if (entries === undefined) return
    if (entries.length > 0) await logs.addFromPeer(entries)
    if (entries.length > 0 && upTo < (boot === head.boot ? head.seq : Number.POSITIVE_INFINITY)) {
      from = upTo + 1
    } else {
      boot += 1
      from = 0
    }
  }
}
