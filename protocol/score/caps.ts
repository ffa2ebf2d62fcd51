import type { Factor, Methodology, ProfileName } from './methodologyTypes.ts'
import { NOT_MEASURED_REASON } from './notMeasured.ts'
import type { ReasonCode } from './reasons.ts'
import type { Resolved, ScoreInput } from './scoreInput.ts'
import type { Subscore } from './subscores.ts'

/** A limit of the total, the reason it names and the factor whose points it stands for (null: none). */
export type Cap = { readonly value: number; readonly reason: ReasonCode; readonly factor: Factor | null }

/**
 * The lowest cap of the total; among equal ones the first of: identity conflict, assurance, weakest link (A, L, H, G),
 * never measured. A value of 10000 is no cap.
 *
 * Absence of a factor that the profile does not demand caps no lower than the methodology's row for it; positive
 * evidence against that factor does.
 */
export function lowestCap(
  input: ScoreInput,
  values: Resolved,
  subscores: Readonly<Record<Factor, Subscore>>,
  missing: readonly Factor[],
  methodology: Methodology,
  profile: ProfileName,
): Cap {
  const { caps, authenticity } = methodology
  const mandatory = methodology.profiles[profile].mandatory
  let lowest: Cap = { value: 10_000, reason: 'A01', factor: null }
  const offer = (value: number, reason: ReasonCode, factor: Factor | null) => {
    if (value < lowest.value) lowest = { value, reason, factor }
  }
  if (values.identityConflict) offer(caps.identityConflict, 'I01', null)
  offer(authenticity.cap[values.assurance] as number, missing.includes('A') ? 'N01' : 'A01', 'A')
  for (const factor of caps.linear.factors) {
    const { value, reason } = subscores[factor]
    const linear = caps.linear.floor + Math.floor((caps.linear.slope * value) / 10_000)
    const absent = factor === 'G' ? input.loc === null || input.loc === 'IN' : false
    const lenient = absent && !mandatory.includes(factor)
    const named = missing.includes(factor) ? NOT_MEASURED_REASON[factor] : factor === 'A' ? 'A01' : reason
    offer(lenient ? Math.max(linear, caps.notMeasured[factor]) : linear, named, factor)
  }
  for (const factor of missing) {
    const value = mandatory.includes(factor) ? caps.mandatoryNotMeasured : caps.notMeasured[factor]
    offer(value, NOT_MEASURED_REASON[factor], factor)
  }
  return lowest
}
