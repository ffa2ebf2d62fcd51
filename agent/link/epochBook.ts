import { sameBytes, toHex } from '#protocol/bytes'
import type { EpochNotice } from '#protocol/wire/epochNotice'
import type { Roster } from '#protocol/wire/roster'

/** An epoch that enough nodes announced identically. */
export type AgreedEpoch = { readonly n: number; readonly id: Uint8Array; readonly timestamp: number }

/** Which epoch the agent may quote. */
export type EpochBook = {
  /** Takes in a verified notice; true when a newer epoch became agreed. */
  offer(notice: EpochNotice): boolean
  newest(): AgreedEpoch | null
}

const KEPT_PER_NODE = 8

/** A book over one roster: an epoch is agreed when M distinct nodes announced the same id and anchor for it. */
export function createEpochBook(roster: Roster): EpochBook {
  /** The last notices of each node by epoch number: a node cannot fill the memory, nor push out what others said. */
  const words = new Map<string, Map<number, EpochNotice>>()
  let newest: AgreedEpoch | null = null

  return {
    newest: () => newest,
    offer(notice) {
      if (!sameBytes(notice.feedId, roster.feedId)) return false
      const nodeId = toHex(notice.nodeId)
      const own = words.get(nodeId) ?? new Map<number, EpochNotice>()
      words.set(nodeId, own)
      own.set(notice.n, notice)
      if (own.size > KEPT_PER_NODE) own.delete(Math.min(...own.keys()))
      if (newest && notice.n <= newest.n) return false
      let agreeing = 0
      for (const said of words.values()) {
        const other = said.get(notice.n)
        if (other && sameBytes(other.epochId, notice.epochId) && sameBytes(other.blockHash, notice.blockHash))
          agreeing++
      }
      if (agreeing < roster.threshold) return false
      newest = { n: notice.n, id: notice.epochId, timestamp: notice.timestamp }
      return true
    },
  }
}
