import type { Hex } from '#protocol/wire/chainView'
import type { Exceptions } from '#protocol/wire/exceptions'
import type { Quorum } from '#protocol/wire/quorum'
import type { Report } from '#protocol/wire/report'
import { loadArtifact } from './artifact.ts'
import type { TransmitJob } from './transmitJournal.ts'

/** A round that M nodes signed, with what its exceptionsHash stands for. */
export type SignedRound = {
  readonly report: Report
  readonly quorum: Quorum
  readonly exceptions: Exceptions
}

/** Encodes everything that a round puts on chain. */
export function roundCalls({ report, quorum, exceptions }: SignedRound): TransmitJob {
  const abi = loadArtifact('HealthOracle').interface
  const encode = (name: string, args: readonly unknown[]) => abi.encodeFunctionData(name, args) as Hex
  return {
    round: report.round,
    root: report.root,
    post: encode('postRound', [reportTuple(report), quorum.bitmap, quorum.signatures]),
    chunks: exceptions.chunks.map((chunk) =>
      encode('applyExceptions', [report.feedId, report.round, exceptions.chunkHashes, chunk]),
    ),
  }
}

/** The report as HealthOracle's ABI takes it. */
export function reportTuple(report: Report): readonly unknown[] {
  return [
    report.feedId,
    report.configId,
    report.round,
    report.epochId,
    report.prevRoot,
    report.root,
    report.leafCount,
    report.observedFrom,
    report.observedTo,
    report.validUntil,
    report.mapOpen,
    report.exceptionsHash,
    report.aggregateHash,
    report.methodologyHash,
    report.ackListsHash,
  ]
}
