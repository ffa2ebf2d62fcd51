import type { RoundResult } from '#protocol/score/round'
import type { RoundState } from '#protocol/score/roundState'
import { aggregateLeaves } from '#protocol/wire/aggregate'
import type { ParentRound } from '#protocol/wire/chainView'

/** A parent older than this takes heartbeat rounds only (PROTOCOL §6.9). */
const OLD_PARENT_S = 24 * 3600

/**
 * Whether an agreed round is worth posting (PROTOCOL §6.9): the heartbeat has passed since the parent, there is an
 * exception, or the pool's mean score moved by more than `deviationBp`. The first round waits for a first token.
 */
export function isDue(
  result: RoundResult,
  parent: ParentRound | null,
  parentState: RoundState | null,
  heartbeatS: number,
  deviationBp: number,
): boolean {
  if (!parent || !parentState) return result.leaves.length > 0
  const age = result.report.observedTo - parent.observedTo
  if (age >= heartbeatS) return true
  if (age > OLD_PARENT_S) return false
  if (result.exceptions.chunks.length > 0) return true
  const before = aggregateLeaves(parentState.assets.map((asset) => asset.leaf)).aggregate
  return Math.abs(before.meanScoreBp - result.aggregate.meanScoreBp) > deviationBp
}
