import { interp, stepAt } from './interp.ts'
import type { Methodology } from './methodologyTypes.ts'
import type { ReasonCode } from './reasons.ts'
import type { Resolved, ScoreField } from './scoreInput.ts'

export type Hazard = {
  /** Expected failures in bp per year, and the 12-month failure probability in bp that follows from it. */
  readonly hazardBp: number
  readonly pd12mBp: number
  /** Sub-score H with its gates. */
  readonly subscore: number
  /** What weighs most, and the field that it comes from (null: the age and class of the board). */
  readonly reason: ReasonCode
  readonly field: ScoreField | null
}

/**
 * The hazard model of CHS-1: base rate of the class x age x the largest multiplier of each family, floored after each
 * product, then probability, then sub-score, then the caps of positive findings.
 */
export function hazardOf(values: Resolved, lacking: boolean, methodology: Methodology): Hazard {
  const { hazard } = methodology
  const age = interp(hazard.ageDays, values.ageDays)
  let rate = Math.floor((hazard.base[values.cls] * age) / 10_000)
  let heaviest = age
  let reason: ReasonCode = 'H11'
  let field: ScoreField | null = age > 10_000 ? 'ageDays' : null
  for (const family of hazard.families) {
    let multiplier = 10_000
    for (const rule of family.rules) {
      const found = stepAt(rule.steps, Number(values[rule.field]), 10_000)
      if (found > multiplier) multiplier = found
      if (found > heaviest) {
        heaviest = found
        reason = rule.reason
        field = rule.field
      }
    }
    rate = Math.floor((rate * multiplier) / 10_000)
  }
  const hazardBp = Math.min(rate, hazard.most)
  const pd12mBp = interp(hazard.pd12m, hazardBp)
  let subscore = interp(hazard.subscore, pd12mBp)
  if (lacking && methodology.unsupported.hardwareCap < subscore) {
    subscore = methodology.unsupported.hardwareCap
    reason = 'H12'
    field = null
  }
  for (const gate of hazard.gates) {
    if (Number(values[gate.field]) < gate.at || gate.cap >= subscore) continue
    subscore = gate.cap
    reason = gate.reason
    field = gate.field
  }
  return { hazardBp, pd12mBp, subscore, reason, field }
}
