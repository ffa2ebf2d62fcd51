import { chs1Numbers } from './chs1Numbers.ts'
import { confidenceOf } from './confidence.ts'
import type { Factor, Methodology, ProfileName, Tag } from './methodologyTypes.ts'
import { FACTORS } from './methodologyTypes.ts'
import { factorTag } from './notMeasured.ts'
import type { ReasonCode } from './reasons.ts'
import { mayLack } from './resolveInput.ts'
import type { ScoreField, ScoreInput } from './scoreInput.ts'
import { bindingGate, type ScoreReason, scoreReasons } from './scoreReasons.ts'

/** A score with everything that explains it; all numbers are whole, in bp unless named otherwise. */
export type ScoreResult = {
  readonly score: number
  readonly grade: string
  readonly confidenceBp: number
  /** Reason of the cap that binds, or null when the weighted sum decides. */
  readonly gate: ReasonCode | null
  readonly subscores: Readonly<Record<Factor, number>>
  readonly hazardBp: number
  readonly pd12mBp: number
  readonly weightedSum: number
  readonly cap: number
  /** At most four, gate first. */
  readonly reasons: readonly ScoreReason[]
  readonly tags: ScoreTags
  /** Factors that were never measured, in the order of the methodology. */
  readonly notMeasured: readonly Factor[]
  /** Inputs that are null, in the order of the methodology. */
  readonly nullFields: readonly ScoreField[]
}

/** Measured, modelled or declared, for every input and output. */
export type ScoreTags = {
  readonly inputs: Readonly<Record<ScoreField, Tag>>
  readonly subscores: Readonly<Record<Factor, Tag>>
  readonly hazardBp: Tag
  readonly pd12mBp: Tag
  readonly score: Tag
}

/**
 * The collateral health score CHS-1. Pure whole-number arithmetic: the same inputs and methodology give the same
 * result on every machine. Inputs must come from `parseScoreInput` or a fold; the profile decides which never-measured
 * factors cap hardest.
 */
export function scoreChs1(
  input: ScoreInput,
  methodology: Methodology,
  profile: ProfileName = 'production',
): ScoreResult {
  const numbers = chs1Numbers(input, methodology, profile)
  const confidenceBp = confidenceOf(input, methodology)
  const grade = methodology.grades.find(({ from }) => numbers.score >= from)?.grade ?? 'E'
  const subscores = Object.fromEntries(
    FACTORS.map((factor) => [factor, numbers.subscores[factor].value]),
  ) as Record<Factor, number>
  return {
    score: numbers.score,
    grade,
    confidenceBp,
    gate: bindingGate(numbers, input),
    subscores,
    hazardBp: numbers.hazard.hazardBp,
    pd12mBp: numbers.hazard.pd12mBp,
    weightedSum: numbers.weightedSum,
    cap: numbers.cap.value,
    reasons: scoreReasons(numbers, input, confidenceBp, methodology),
    tags: tagsOf(input, methodology),
    notMeasured: numbers.notMeasured,
    nullFields: fieldsOf(methodology).filter((field) => input[field] === null),
  }
}

function tagsOf(input: ScoreInput, methodology: Methodology): ScoreTags {
  const inputTag = (field: ScoreField): Tag => {
    if (input[field] !== null) return methodology.tags[field]
    return mayLack(input, field, methodology) ? 'modelled' : 'not-measured'
  }
  return {
    inputs: Object.fromEntries(
      fieldsOf(methodology).map((field) => [field, inputTag(field)]),
    ) as ScoreTags['inputs'],
    subscores: Object.fromEntries(
      FACTORS.map((factor) => [factor, factorTag(factor, input, methodology)]),
    ) as ScoreTags['subscores'],
    hazardBp: 'modelled',
    pd12mBp: 'modelled',
    score: 'modelled',
  }
}

function fieldsOf(methodology: Methodology): ScoreField[] {
  return Object.keys(methodology.worst) as ScoreField[]
}
