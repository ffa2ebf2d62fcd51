import {
  ABSENT,
  type Cell,
  errorCell,
  MAX_VALUE,
  OUT_OF_RANGE,
  type TextCell,
  textCell,
  UNSUPPORTED,
  valueCell,
} from '#protocol/wire/cell'
import { PROBE_CODES } from '../probeCodes.ts'
import { presenceOfCode } from './nvmlCodes.ts'
import type { RawCall, RawCalls } from './nvmlFrame.ts'

/** Value types of `nvmlFieldValue_t`. */
const FIELD_DOUBLE = 0
const FIELD_U32 = 1
const FIELD_I64 = 4
const FIELD_I32 = 5
const FIELD_U16 = 6

const MALFORMED = errorCell(PROBE_CODES.malformed)

/** A whole number as a cell; what the wire cannot hold exactly is an error, never rounded. */
export function exactCell(value: bigint): Cell {
  return value <= MAX_VALUE && value >= -MAX_VALUE ? valueCell(Number(value)) : errorCell(OUT_OF_RANGE)
}

/** Reads a call's bytes with `read`, or says why there is no value. A key that was never called is unsupported. */
export function cellOf(calls: RawCalls, key: string, bytes: number, read: (out: Buffer) => Cell): Cell {
  const call = calls.get(key)
  if (call === undefined) return UNSUPPORTED
  if (call.code !== 0) return presenceOfCode(call.code)
  return call.out.length >= bytes ? read(call.out) : MALFORMED
}

/** Unsigned 32-bit out parameter number `at` of a call. */
export function u32Cell(calls: RawCalls, key: string, at = 0): Cell {
  return cellOf(calls, key, at * 8 + 4, (out) => valueCell(out.readUInt32LE(at * 8)))
}

/** Unsigned 64-bit value at a byte offset. */
export function u64Cell(calls: RawCalls, key: string, offset = 0): Cell {
  return cellOf(calls, key, offset + 8, (out) => exactCell(out.readBigUInt64LE(offset)))
}

/** Text up to its NUL. Empty and "N/A" are absent; bytes that are not printable ASCII are malformed, not guessed. */
export function textOf(call: RawCall | undefined, from = 0, to?: number): TextCell {
  if (call === undefined) return UNSUPPORTED
  if (call.code !== 0) return presenceOfCode(call.code)
  const bytes = call.out.subarray(from, to)
  const end = bytes.indexOf(0)
  const text = bytes.toString('latin1', 0, end < 0 ? bytes.length : end).trim()
  if (text === '' || text === 'N/A' || text === '[N/A]') return ABSENT
  return /^[\x20-\x7e]+$/.test(text) ? textCell(text) : MALFORMED
}

/** A 64-bit identifier at a byte offset as 16 lower-case hex digits. */
export function hexText(calls: RawCalls, key: string, offset: number): TextCell {
  const call = calls.get(key)
  if (call === undefined) return UNSUPPORTED
  if (call.code !== 0) return presenceOfCode(call.code)
  if (call.out.length < offset + 8) return MALFORMED
  return textCell(call.out.readBigUInt64LE(offset).toString(16).padStart(16, '0'))
}

/** A field value by its own type; `nvmlReturn` of the entry gives the presence. */
export function fieldCell(calls: RawCalls, id: number): Cell {
  return cellOf(calls, `field(${id})`, 12, (out) => {
    const type = out.readUInt32LE(0)
    if (type === FIELD_DOUBLE) {
      const value = out.readDoubleLE(4)
      return Number.isFinite(value) ? valueCell(Math.round(value)) : MALFORMED
    }
    if (type === FIELD_U32) return valueCell(out.readUInt32LE(4))
    if (type === FIELD_I32) return valueCell(out.readInt32LE(4))
    if (type === FIELD_U16) return valueCell(out.readUInt16LE(4))
    if (type === FIELD_I64) return exactCell(out.readBigInt64LE(4))
    return type === 2 || type === 3 ? exactCell(out.readBigUInt64LE(4)) : MALFORMED
  })
}
