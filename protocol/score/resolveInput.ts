import type { Methodology } from './methodologyTypes.ts'
import type { Resolved, ScoreField, ScoreInput } from './scoreInput.ts'

/**
 * Inputs without nulls: the worst value of the field, or zero for a counter that the driver says the board does not
 * have, where the methodology lets this class lack it (`lacking` is then true and H is capped).
 */
export function resolveInput(
  input: ScoreInput,
  methodology: Methodology,
): { readonly values: Resolved; readonly lacking: boolean } {
  const values: Record<string, unknown> = { ...methodology.worst }
  for (const field of Object.keys(methodology.worst) as ScoreField[]) {
    if (input[field] !== null) values[field] = input[field]
  }
  let lacking = false
  for (const field of input.unsupported) {
    if (!mayLack(input, field, methodology)) continue
    lacking = true
    values[field] = typeof methodology.worst[field] === 'boolean' ? false : 0
  }
  return { values: values as Resolved, lacking }
}

/** Whether a null field is honestly absent from this class of board. An unknown class may lack only what `dc` may. */
export function mayLack(input: ScoreInput, field: ScoreField, methodology: Methodology): boolean {
  return (
    input[field] === null &&
    input.unsupported.includes(field) &&
    methodology.unsupported.fields[input.cls ?? 'dc'].includes(field)
  )
}
