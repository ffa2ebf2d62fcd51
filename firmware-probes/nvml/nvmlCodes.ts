import { ABSENT, errorCell, FORBIDDEN, UNSUPPORTED } from '#protocol/wire/cell'

/** A cell without a value. */
export type NoValue =
  | typeof UNSUPPORTED
  | typeof FORBIDDEN
  | typeof ABSENT
  | { readonly presence: 'error'; readonly code: number }

/**
 * What an `nvmlReturn_t` other than 0 says about one reading: 3 (not supported), 12 and 13 (library or function not
 * found, an older driver) → unsupported; 4 → forbidden; 6 and 21 (not found, no data) → absent; the rest is an error.
 */
export function presenceOfCode(code: number): NoValue {
  if (code === 3 || code === 12 || code === 13) return UNSUPPORTED
  if (code === 4) return FORBIDDEN
  if (code === 6 || code === 21) return ABSENT
  return errorCell(code)
}
