import { oracleError } from '../oracleErrors.ts'

/** Readers of path and query parameters: a value of the right form, or ORACLE_API_PARAMETER naming the field. */

/** Lower-case hex of `bytes` bytes without 0x. */
export function hexParameter(value: unknown, field: string, bytes = 32): string {
  if (typeof value !== 'string' || value.length !== 2 * bytes || !/^[0-9a-f]*$/.test(value))
    throw wrong(field, value, `${bytes} bytes of lower-case hex without 0x`)
  return value
}

/** A decimal number from 0 to 2^53 - 1; `fallback` when it is not given at all. */
export function uintParameter(value: unknown, field: string, fallback?: number): number {
  if (value === undefined && fallback !== undefined) return fallback
  const number =
    typeof value === 'string' && /^(0|[1-9][0-9]{0,15})$/.test(value) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(number)) throw wrong(field, value, 'a decimal number')
  return number
}

/** `{from}-{to}`, ascending, at most `most` numbers. */
export function rangeParameter(value: unknown, field: string, most: number): { from: number; to: number } {
  const [first, second, ...rest] = typeof value === 'string' ? value.split('-') : []
  if (second === undefined || rest.length > 0) throw wrong(field, value, 'FROM-TO')
  const from = uintParameter(first, field)
  const to = uintParameter(second, field)
  if (to < from || to - from >= most) throw wrong(field, value, `FROM-TO ascending, at most ${most} numbers`)
  return { from, to }
}

/** A round number, or `latest` (also when it is not given). */
export function roundParameter(value: unknown): number | 'latest' {
  return value === undefined || value === 'latest' ? 'latest' : uintParameter(value, 'round')
}

/** Repeated query values as a list of 1 to `most` words. */
export function wordsParameter(value: unknown, field: string, most: number): string[] {
  const words = Array.isArray(value) ? value : [value]
  if (
    words.length === 0 ||
    words.length > most ||
    !words.every((word) => /^[A-Za-z0-9]{1,64}$/.test(String(word)))
  )
    throw wrong(field, value, `1 to ${most} names`)
  return words.map(String)
}

function wrong(field: string, value: unknown, wanted: string): Error {
  return oracleError('ORACLE_API_PARAMETER', { field, found: String(value).slice(0, 80), wanted })
}
