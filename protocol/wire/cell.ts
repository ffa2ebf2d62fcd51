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

/** A cell holding one wire integer. */
export function valueCell(value: number): Cell {
  return { presence: 'value', value }
}

/** A cell holding one text. */
export function textCell(value: string): TextCell {
  return { presence: 'value', value }
}

/** A cell for a reading that failed with the source's own code (an `nvmlReturn_t`, an errno). */
export function errorCell(code: number): { readonly presence: 'error'; readonly code: number } {
  return { presence: 'error', code }
}
