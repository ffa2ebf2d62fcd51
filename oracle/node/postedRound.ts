import { decodeRoundState, type RoundState } from '#protocol/score/roundState'
import type { Hex } from '#protocol/wire/chainView'
import { getRecord, type RoundRecord } from '../rounds/roundRecord.ts'
import type { NodeParts } from './parts.ts'

/** A posted round whose state this node holds. */
export type PostedRound = { readonly record: RoundRecord; readonly state: RoundState; readonly digest: Hex }

/** The newest posted round, or a given one, with its state; undefined when it was not posted or is not held here. */
export function postedRound(parts: NodeParts, n: number | 'latest'): PostedRound | undefined {
  const candidates = n === 'latest' ? parts.archive.lastRounds('record', 64).map((row) => row.n) : [n]
  for (const each of candidates) {
    const record = getRecord(parts.rounds, each)
    if (record?.state !== 'posted' || !record.digest) continue
    const bytes = parts.rounds.get(each, 'state', record.digest)
    if (bytes) return { record, state: decodeRoundState(bytes), digest: record.digest }
  }
  return undefined
}
