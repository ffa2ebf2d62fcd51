import { FACTORS, type Factor, type Methodology, type Tag } from './methodologyTypes.ts'
import type { ReasonCode } from './reasons.ts'
import { mayLack } from './resolveInput.ts'
import type { ScoreField, ScoreInput } from './scoreInput.ts'

/** Reason code of a factor that was never measured. */
export const NOT_MEASURED_REASON: Readonly<Record<Factor, ReasonCode>> = {
  A: 'N01',
  L: 'N02',
  H: 'N03',
  T: 'N04',
  P: 'N05',
  U: 'N06',
  G: 'N07',
  O: 'N08',
}

const STRENGTH: readonly Tag[] = ['not-measured', 'declared', 'modelled', 'measured']

/**
 * How well a factor is founded: not-measured when its essential inputs are null, modelled when some of them are,
 * otherwise the weakest tag among them. A counter that the board does not have counts as modelled.
 */
export function factorTag(factor: Factor, input: ScoreInput, methodology: Methodology): Tag {
  const { fields, every } = methodology.essential[factor]
  const missing = fields.filter((field) => input[field] === null && !mayLack(input, field, methodology))
  if (missing.length === fields.length || (every && missing.length > 0)) return 'not-measured'
  if (factor === 'U' && input.incomeVerified !== true) return 'declared'
  return fields
    .map((field) => (input[field] === null ? 'modelled' : methodology.tags[field]))
    .reduce((weakest, tag) => (STRENGTH.indexOf(tag) < STRENGTH.indexOf(weakest) ? tag : weakest))
}

/** The factors that were never measured, in the order of the methodology. */
export function notMeasured(input: ScoreInput, methodology: Methodology): Factor[] {
  return FACTORS.filter((factor) => {
    const { fields, every } = methodology.essential[factor]
    const missing = (field: ScoreField) => input[field] === null && !mayLack(input, field, methodology)
    return every ? fields.some(missing) : fields.every(missing)
  })
}
