import { fromHex } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import type { Hex } from '../wire/chainView.ts'

/** Readers that turn parsed JSON into typed fields, or throw PROTO_SHAPE naming the field. */

/** An object that is neither null nor an array. */
export function jsonObject(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(field, 'an object', value)
  return value as Readonly<Record<string, unknown>>
}

/** An array of at most `most` items, each read by `item`. */
export function jsonArray<T>(
  value: unknown,
  field: string,
  item: (value: unknown, field: string) => T,
  most = 4096,
): T[] {
  if (!Array.isArray(value)) throw wrong(field, 'an array', value)
  if (value.length > most) throw wrong(field, `at most ${most} items`, `${value.length} items`)
  return value.map((each, i) => item(each, `${field}[${i}]`))
}

/** A whole number from 0 to 2^53 - 1. */
export function jsonUint(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw wrong(field, 'an unsigned integer', value)
  return value
}

/** Decimal text of an unsigned integer below 2^256 or so. */
export function jsonDecimal(value: unknown, field: string): string {
  if (typeof value !== 'string' || !/^(0|[1-9][0-9]{0,77})$/.test(value))
    throw wrong(field, 'decimal text', value)
  return value
}

/** Lower-case hex without 0x, of `bytes` bytes when given. */
export function jsonHex(value: unknown, field: string, bytes?: number): string {
  if (typeof value !== 'string' || !/^([0-9a-f]{2})*$/.test(value))
    throw wrong(field, 'hex without 0x', value)
  if (bytes !== undefined && value.length !== 2 * bytes)
    throw wrong(field, `${bytes} bytes`, `${value.length / 2} bytes`)
  return value
}

/** Lower-case hex with 0x, of `bytes` bytes. */
export function jsonHex0x(value: unknown, field: string, bytes: number): Hex {
  if (typeof value !== 'string' || !/^0x[0-9a-f]*$/.test(value) || value.length !== 2 + 2 * bytes)
    throw wrong(field, `0x and ${bytes} bytes of hex`, value)
  return value as Hex
}

/** true or false. */
export function jsonBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw wrong(field, 'true or false', value)
  return value
}

/** Bytes of hex that was already read by one of the readers above. */
export function hexBytes(hex: string): Uint8Array {
  const bytes = fromHex(hex)
  if (!bytes) throw wrong('hex', 'whole bytes', hex)
  return bytes
}

function wrong(field: string, wanted: string, value: unknown): Error {
  const found = value === undefined ? 'nothing' : String(JSON.stringify(value)).slice(0, 48)
  return protoError('PROTO_SHAPE', { field, found, wanted })
}
