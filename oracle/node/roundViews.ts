import type { RoundSummary, RoundView } from '#protocol/http/roundView'
import { getRecord, type RoundRecord } from '../rounds/roundRecord.ts'
import type { NodeParts } from './parts.ts'

/** The short form of a round record. */
export function roundSummary(record: RoundRecord): RoundSummary {
  return {
    round: record.n,
    state: record.state,
    root: record.report?.root ?? null,
    leafCount: record.report?.leafCount ?? null,
    digest: record.digest,
    signers: record.signatures.map((signature) => signature.nodeId.slice(2)),
    transaction: record.transaction,
    gasUsed: record.gasUsed,
    postedAt: record.postedAtMs,
    dissents: record.dissents.length,
  }
}

/** The newest rounds that this node knows, newest first. */
export function roundSummaries(parts: NodeParts, limit: number): RoundSummary[] {
  return parts.archive.lastRounds('record', limit).flatMap((row) => {
    const record = getRecord(parts.rounds, row.n)
    return record ? [roundSummary(record)] : []
  })
}

/** One round in full; `latest` is the newest posted one, else the newest of any state. */
export function roundView(parts: NodeParts, n: number | 'latest'): RoundView | undefined {
  const record = n === 'latest' ? newest(parts) : getRecord(parts.rounds, n)
  if (!record) return undefined
  return {
    ...roundSummary(record),
    now: parts.now(),
    epochId: record.epochId,
    report: record.report,
    signatures: record.signatures.map(({ nodeId, signature }) => ({ nodeId: nodeId.slice(2), signature })),
    blockNumber: record.blockNumber,
    named: record.named,
    dissentTexts: record.dissents,
  }
}

function newest(parts: NodeParts): RoundRecord | undefined {
  const records = parts.archive
    .lastRounds('record', 64)
    .flatMap((row) => getRecord(parts.rounds, row.n) ?? [])
  return records.find((record) => record.state === 'posted') ?? records[0]
}
