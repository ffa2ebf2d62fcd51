import { sameBytes, toHex } from '../bytes.ts'
import type { AckList, LogHead } from '../wire/ackList.ts'
import type { Entry } from '../wire/entry.ts'
import { comparePositions } from '../wire/header.ts'

/**
 * The head of one log that a round counts (PROTOCOL §6.4): the K-th highest over the named lists, never below the
 * parent's. Null when neither the parent nor K lists know the log. Among equal positions the smaller hash stands for
 * the position; unequal hashes there are a fork and found by {@link isForked}.
 */
export function roundHead(
  logId: Uint8Array,
  lists: readonly AckList[],
  k: number,
  parent: LogHead | null,
): LogHead | null {
  const known = lists.flatMap((list) => list.heads.filter((head) => sameBytes(head.logId, logId)))
  known.sort((a, b) => comparePositions(b, a) || (toHex(a.hash) < toHex(b.hash) ? -1 : 1))
  const chosen = known[k - 1] ?? null
  if (!parent) return chosen
  return chosen && comparePositions(chosen, parent) > 0 ? chosen : parent
}

/**
 * Whether the named lists show two agent-signed headers at one position of a log: by a proof that a list carries, or
 * by a head that is not on the chosen chain. `chain` holds the entries after the parent's head up to the chosen one.
 */
export function isForked(
  logId: Uint8Array,
  lists: readonly AckList[],
  chain: readonly Entry[],
  parent: LogHead | null,
): boolean {
  if (leavesParent(chain, parent)) return true
  return lists.some(
    (list) =>
      list.forks.some((fork) => sameBytes(fork.logId, logId)) ||
      list.heads.some((head) => sameBytes(head.logId, logId) && leavesChain(head, chain, parent)),
  )
}

/** Whether the chain does not continue the parent's head, directly or over a tombstone that begins at it. */
function leavesParent(chain: readonly Entry[], parent: LogHead | null): boolean {
  const first = chain[0]?.header
  if (!parent || !first || sameBytes(first.prev, parent.hash)) return false
  return !chain.some((entry) => entry.header.tombstones.some((tomb) => sameBytes(tomb.lastHash, first.prev)))
}

function leavesChain(head: LogHead, chain: readonly Entry[], parent: LogHead | null): boolean {
  if (parent && comparePositions(head, parent) === 0) return !sameBytes(head.hash, parent.hash)
  const there = chain.find((entry) => comparePositions(entry.header, head) === 0)
  return there !== undefined && !sameBytes(there.hash, head.hash)
}

/** Epochs that at least K of the named lists say were served (PROTOCOL §6.5). */
export function servedEpochs(lists: readonly AckList[], k: number): ReadonlySet<number> {
  const votes = new Map<number, number>()
  for (const list of lists) for (const n of list.served) votes.set(n, (votes.get(n) ?? 0) + 1)
  return new Set([...votes].filter(([, count]) => count >= k).map(([n]) => n))
}
