import { boolWord, bytes32Word, uintWord } from './abi.ts'
import type { Hex } from './chainView.ts'
import { type SigningDomain, structHash, typedDigest } from './eip712.ts'

/** One round of one feed as M report keys sign it (PROTOCOL §6). Times are seconds of chain time. */
export type Report = {
  readonly feedId: Hex
  readonly configId: number
  /** Epoch number n. */
  readonly round: number
  readonly epochId: Hex
  /** Root of the last accepted report; zero for the first. */
  readonly prevRoot: Hex
  readonly root: Hex
  readonly leafCount: number
  /** Oldest observedAt among the assets that the aggregates count; observedTo when they count none. */
  readonly observedFrom: number
  /** start(n) = n times the epoch length. */
  readonly observedTo: number
  /** start(n') + 2 heartbeats. */
  readonly validUntil: number
  readonly mapOpen: boolean
  readonly exceptionsHash: Hex
  readonly aggregateHash: Hex
  readonly methodologyHash: Hex
  readonly ackListsHash: Hex
}

export const REPORT_TYPE =
  'Report(bytes32 feedId,uint32 configId,uint64 round,bytes32 epochId,bytes32 prevRoot,bytes32 root,uint32 leafCount,uint64 observedFrom,uint64 observedTo,uint64 validUntil,bool mapOpen,bytes32 exceptionsHash,bytes32 aggregateHash,bytes32 methodologyHash,bytes32 ackListsHash)'

/**
 * EIP-712 digest of a report; `domain.verifyingContract` is HealthOracle. 32 bytes. Throws PROTO_INPUT naming the
 * field that does not fit its type.
 */
export function reportDigest(domain: SigningDomain, report: Report): Uint8Array {
  return typedDigest(
    domain,
    structHash(
      REPORT_TYPE,
      bytes32Word(report.feedId, 'feedId'),
      uintWord(report.configId, 32, 'configId'),
      uintWord(report.round, 64, 'round'),
      bytes32Word(report.epochId, 'epochId'),
      bytes32Word(report.prevRoot, 'prevRoot'),
      bytes32Word(report.root, 'root'),
      uintWord(report.leafCount, 32, 'leafCount'),
      uintWord(report.observedFrom, 64, 'observedFrom'),
      uintWord(report.observedTo, 64, 'observedTo'),
      uintWord(report.validUntil, 64, 'validUntil'),
      boolWord(report.mapOpen),
      bytes32Word(report.exceptionsHash, 'exceptionsHash'),
      bytes32Word(report.aggregateHash, 'aggregateHash'),
      bytes32Word(report.methodologyHash, 'methodologyHash'),
      bytes32Word(report.ackListsHash, 'ackListsHash'),
    ),
  )
}
