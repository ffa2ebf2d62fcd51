import { interp } from './interp.ts'
import { FACTORS, type Methodology } from './methodologyTypes.ts'
import { factorTag } from './notMeasured.ts'
import type { ScoreInput } from './scoreInput.ts'

/**
 * How much evidence stands behind a score, 0 … 10000: the weighted trust in each factor's tag, times how far the
 * authenticity grade lets the host's word be believed, times how many heartbeats the history holds, times how recent
 * the last one is. It is no probability; it never changes the score.
 */
export function confidenceOf(input: ScoreInput, methodology: Methodology): number {
  const { confidence, presence, weights } = methodology
  let trust = 0
  for (const factor of FACTORS) {
    trust += weights[factor] * confidence.trustOfTag[factorTag(factor, input, methodology)]
  }
  let bp = Math.floor(trust / 10_000)
  const shares = [
    confidence.evidenceOfGrade[input.assurance ?? 0] as number,
    interp(confidence.exposure, input.hbExpected ?? 0),
    interp(presence.gapHours, input.hoursSinceHb ?? methodology.worst.hoursSinceHb),
  ]
  for (const share of shares) bp = Math.floor((bp * share) / 10_000)
  return bp
}
