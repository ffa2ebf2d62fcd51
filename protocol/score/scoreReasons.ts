import type { Chs1Numbers } from './chs1Numbers.ts'
import { FACTORS, type Factor, type Methodology } from './methodologyTypes.ts'
import { NOT_MEASURED_REASON } from './notMeasured.ts'
import type { ReasonCode } from './reasons.ts'
import type { ScoreInput } from './scoreInput.ts'

/** One reason with the points (bp of the total) that it stands for. */
export type ScoreReason = { readonly code: ReasonCode; readonly points: number }

export const MOST_REASONS = 4

/**
 * At most four reasons: the binding cap first, then shortfall weight x (10000 - sub-score) / 10000 descending, ties by
 * code; low confidence last where there is room. The points of a factor's cap are that factor's shortfall; those of an
 * identity conflict are what it takes off the weighted sum.
 */
export function scoreReasons(
  numbers: Chs1Numbers,
  input: ScoreInput,
  confidenceBp: number,
  methodology: Methodology,
): ScoreReason[] {
  const { cap, weightedSum } = numbers
  const binding = cap.value < weightedSum
  const reasons: ScoreReason[] = []
  for (const factor of FACTORS) {
    if (binding && cap.factor === factor) continue
    const points = shortfall(factor, numbers, methodology)
    if (points > 0) reasons.push({ code: factorReason(factor, numbers, input), points })
  }
  reasons.sort((a, b) => b.points - a.points || (a.code < b.code ? -1 : 1))
  if (binding) {
    const points = cap.factor === null ? weightedSum - cap.value : shortfall(cap.factor, numbers, methodology)
    reasons.unshift({ code: gateReason(numbers, input), points })
  }
  if (confidenceBp < methodology.confidence.lowBelow) reasons.push({ code: 'C01', points: 0 })
  return reasons.slice(0, MOST_REASONS)
}

/** The reason of the binding cap, or null when the weighted sum decides. */
export function bindingGate(numbers: Chs1Numbers, input: ScoreInput): ReasonCode | null {
  return numbers.cap.value < numbers.weightedSum ? gateReason(numbers, input) : null
}

function gateReason(numbers: Chs1Numbers, input: ScoreInput): ReasonCode {
  return numbers.cap.factor === 'H' ? factorReason('H', numbers, input) : numbers.cap.reason
}

function factorReason(factor: Factor, numbers: Chs1Numbers, input: ScoreInput): ReasonCode {
  if (numbers.notMeasured.includes(factor)) return NOT_MEASURED_REASON[factor]
  const { reason } = numbers.subscores[factor]
  if (factor === 'H') {
    const field = numbers.hazard.field
    if (field === null || input[field] !== null) return reason
    return field === 'ageDays' ? 'N09' : 'N03'
  }
  if (factor === 'T' && input[reason === 'T01' ? 'hotBp' : 'slowBp'] === null) return 'N04'
  return reason
}

function shortfall(factor: Factor, numbers: Chs1Numbers, methodology: Methodology): number {
  return Math.floor((methodology.weights[factor] * (10_000 - numbers.subscores[factor].value)) / 10_000)
}
