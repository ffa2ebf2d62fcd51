import { type Cap, lowestCap } from './caps.ts'
import { type Hazard, hazardOf } from './hazard.ts'
import { FACTORS, type Factor, type Methodology, type ProfileName } from './methodologyTypes.ts'
import { notMeasured } from './notMeasured.ts'
import { resolveInput } from './resolveInput.ts'
import type { ScoreInput } from './scoreInput.ts'
import { type Subscore, subscoresOf } from './subscores.ts'

/** The arithmetic of a score, without its explanation. */
export type Chs1Numbers = {
  readonly score: number
  readonly weightedSum: number
  readonly cap: Cap
  readonly hazard: Hazard
  readonly subscores: Readonly<Record<Factor, Subscore>>
  readonly notMeasured: readonly Factor[]
}

/** CHS-1 in whole numbers: min(floor(sum of weight x sub-score / 10000), lowest cap). */
export function chs1Numbers(input: ScoreInput, methodology: Methodology, profile: ProfileName): Chs1Numbers {
  const { values, lacking } = resolveInput(input, methodology)
  const missing = notMeasured(input, methodology)
  const hazard = hazardOf(values, lacking, methodology)
  const subscores = subscoresOf(values, hazard, methodology)
  let sum = 0
  for (const factor of FACTORS) sum += methodology.weights[factor] * subscores[factor].value
  const weightedSum = Math.floor(sum / 10_000)
  const cap = lowestCap(input, values, subscores, missing, methodology, profile)
  return {
    score: Math.min(weightedSum, cap.value),
    weightedSum,
    cap,
    hazard,
    subscores,
    notMeasured: missing,
  }
}
