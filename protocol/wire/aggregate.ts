import { concat, toHex0x } from '../bytes.ts'
import { uintWord } from './abi.ts'
import type { Hex } from './chainView.ts'
import { keccak256 } from './keccak.ts'
import type { Leaf } from './leaf.ts'

/** What one round says of a whole pool (PROTOCOL §6). An asset is counted when its status is 1, 2 or 3. */
export type Aggregate = {
  /** Leaves per status, index = status 0 … 7. */
  readonly statusCounts: readonly number[]
  /** Worst status in the order 1 < 2 < 0 < 3 < 4 < 5 < 6: lack of evidence is worse than any pass; 0 for no leaf. */
  readonly worstStatus: number
  /** Lowest level among the leaves; 0 for no leaf. */
  readonly minLevel: number
  readonly counted: number
  /** Mean score of the counted assets, rounded down; 0 when none is counted. */
  readonly meanScoreBp: number
  /** Lowest score of the counted assets; 0 when none is counted. */
  readonly minScoreBp: number
  /** Mean score of the counted assets weighted by recoverable value, rounded down; 0 without any value. */
  readonly valueWeightedScoreBp: number
  /** Sum over the counted assets; 0: none. */
  readonly recoverableValueCents: bigint
}

/** Solidity types of the encoded aggregate, in order; `statusCounts` is one word, status s at bits 32 s. */
export const AGGREGATE_ABI = [
  'uint256',
  'uint8',
  'uint8',
  'uint32',
  'uint16',
  'uint16',
  'uint16',
  'uint64',
] as const

const SEVERITY = [1, 2, 0, 3, 4, 5, 6, 7]

/** Pool aggregates over all leaves of a round, and observedFrom: the oldest observedAt of a counted asset, or null. */
export function aggregateLeaves(leaves: readonly Leaf[]): {
  aggregate: Aggregate
  observedFrom: number | null
} {
  const statusCounts = [0, 0, 0, 0, 0, 0, 0, 0]
  let worst = 0
  let minLevel = 255
  let counted = 0
  let scores = 0
  let minScoreBp = 0xffff
  let weighted = 0n
  let value = 0n
  let observedFrom = Number.POSITIVE_INFINITY
  for (const leaf of leaves) {
    statusCounts[leaf.status] = (statusCounts[leaf.status] as number) + 1
    worst = Math.max(worst, SEVERITY.indexOf(leaf.status))
    minLevel = Math.min(minLevel, leaf.level)
    if (leaf.status < 1 || leaf.status > 3) continue
    counted++
    scores += leaf.scoreBp
    minScoreBp = Math.min(minScoreBp, leaf.scoreBp)
    weighted += BigInt(leaf.scoreBp) * leaf.recoverableValueCents
    value += leaf.recoverableValueCents
    observedFrom = Math.min(observedFrom, leaf.observedAt)
  }
  return {
    aggregate: {
      statusCounts,
      worstStatus: leaves.length === 0 ? 0 : (SEVERITY[worst] as number),
      minLevel: leaves.length === 0 ? 0 : minLevel,
      counted,
      meanScoreBp: counted === 0 ? 0 : Math.floor(scores / counted),
      minScoreBp: counted === 0 ? 0 : minScoreBp,
      valueWeightedScoreBp: value === 0n ? 0 : Number(weighted / value),
      recoverableValueCents: value,
    },
    observedFrom: counted === 0 ? null : observedFrom,
  }
}

/** keccak256(abi.encode(aggregate)): the report's aggregateHash. Throws PROTO_INPUT when a sum outgrows its type. */
export function aggregateHash(aggregate: Aggregate): Hex {
  const counts = aggregate.statusCounts.reduce((word, count, status) => {
    uintWord(count, 32, 'statusCounts')
    return word | (BigInt(count) << BigInt(32 * status))
  }, 0n)
  return toHex0x(
    keccak256(
      concat(
        uintWord(counts, 256, 'statusCounts'),
        uintWord(aggregate.worstStatus, 8, 'worstStatus'),
        uintWord(aggregate.minLevel, 8, 'minLevel'),
        uintWord(aggregate.counted, 32, 'counted'),
        uintWord(aggregate.meanScoreBp, 16, 'meanScoreBp'),
        uintWord(aggregate.minScoreBp, 16, 'minScoreBp'),
        uintWord(aggregate.valueWeightedScoreBp, 16, 'valueWeightedScoreBp'),
        uintWord(aggregate.recoverableValueCents, 64, 'recoverableValueCents'),
      ),
    ),
  )
}
