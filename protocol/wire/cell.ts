/**
 * One field of a reading. Exactly one of: a value, or why there is none. There is no default and no made-up zero.
 * `value` is the wire integer of the metric (see `metrics.ts` for its scale); `code` is the source's own error code.
 */
export type Cell =
  | { readonly presence: 'value'; readonly value: number }
  | { readonly presence: 'unsupported' }
  | { readonly presence: 'forbidden' }
  | { readonly presence: 'absent' }
  | { readonly presence: 'error'; readonly code: number }

/** The same for text (serials, versions): what is descriptive or identity, never telemetry. */
export type TextCell =
  | { readonly presence: 'value'; readonly value: string }
  | { readonly presence: 'unsupported' }
  | { readonly presence: 'forbidden' }
  | { readonly presence: 'absent' }
  | { readonly presence: 'error'; readonly code: number }

export const UNSUPPORTED = { presence: 'unsupported' } as const
export const FORBIDDEN = { presence: 'forbidden' } as const
export const ABSENT = { presence: 'absent' } as const

/** Largest magnitude of a wire integer: the difference of any two is then exact. */
export const MAX_VALUE = 2 ** 52 - 1
const MAX_ERROR_CODE = 0xffffffff
/** Error code of a reading that is a number but no whole number within ±{@link MAX_VALUE}. */
export const OUT_OF_RANGE = 0xffff

/** A cell holding one wire integer; what does not fit the wire becomes an error cell, never another number. */
export function valueCell(value: number): Cell {
  // Adding 0 turns -0, which has no encoding of its own, into 0.
  return Number.isInteger(value) && Math.abs(value) <= MAX_VALUE
    ? { presence: 'value', value: value + 0 }
    : errorCell(OUT_OF_RANGE)
}

/** A cell holding one text. */
export function textCell(value: string): TextCell {
  return { presence: 'value', value }
}

/**
 * A cell for a reading that failed with the source's own code (an `nvmlReturn_t`, an errno): its magnitude, since kernels
 * return errno negated.
 */
export function errorCell(code: number): { readonly presence: 'error'; readonly code: number } {
  const magnitude = Math.abs(code)
  return {
    presence: 'error',
    code: Number.isInteger(magnitude) && magnitude <= MAX_ERROR_CODE ? magnitude : OUT_OF_RANGE,
  }
}
