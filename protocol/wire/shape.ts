import { utf8 } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import type { CborValue } from './cbor.ts'

/** Readers that turn decoded CBOR into typed fields, or throw PROTO_SHAPE naming the field. */

/** An array of at most `most` items. */
export function asList(value: CborValue | undefined, field: string, most: number): readonly CborValue[] {
  const items = asArray(value, field)
  if (items.length > most)
    throw protoError('PROTO_LIMIT', { field, found: items.length, wanted: `at most ${most}` })
  return items
}

/** An array of exactly `length` items (any length when omitted). */
export function asArray(value: CborValue | undefined, field: string, length?: number): readonly CborValue[] {
  if (!Array.isArray(value)) throw shape(field, 'an array', value)
  if (length !== undefined && value.length !== length) {
    throw protoError('PROTO_SHAPE', { field, found: `${value.length} items`, wanted: `${length} items` })
  }
  return value
}

/**
 * A byte string. With a `length`, exactly that long and a copy: ids and keys outlive the message that they came in.
 * Without, a view of the decoded bytes.
 */
export function asBytes(value: CborValue | undefined, field: string, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw shape(field, 'a byte string', value)
  if (length !== undefined && value.length !== length) {
    throw protoError('PROTO_SHAPE', { field, found: `${value.length} bytes`, wanted: `${length} bytes` })
  }
  return length === undefined ? value : value.slice()
}

/** An unsigned integer of at most 2^53 - 1. */
export function asUint(value: CborValue | undefined, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw shape(field, 'an unsigned integer', value)
  }
  return value
}

/** A signed integer within ±(2^53 - 1). */
export function asInt(value: CborValue | undefined, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw shape(field, 'an integer', value)
  return value
}

/** true or false. */
export function asBool(value: CborValue | undefined, field: string): boolean {
  if (typeof value !== 'boolean') throw shape(field, 'true or false', value)
  return value
}

/** A text of at most `most` bytes of UTF-8. */
export function asText(value: CborValue | undefined, field: string, most = 4096): string {
  if (typeof value !== 'string') throw shape(field, 'a text', value)
  const found = value.length > most ? value.length : utf8(value).length
  if (found > most) throw protoError('PROTO_LIMIT', { field, found, wanted: `at most ${most} bytes` })
  return value
}

/** The name at a place of a table: enumerations travel as their index. */
export function asOneOf<T extends string>(
  table: readonly T[],
  value: CborValue | undefined,
  field: string,
): T {
  const name = table[asUint(value, field)]
  if (name === undefined)
    throw protoError('PROTO_SHAPE', { field, found: String(value), wanted: `0 to ${table.length - 1}` })
  return name
}

/** Version 1, the only one so far. */
export function asVersion1(value: CborValue | undefined): 1 {
  if (value !== 1) throw shape('version', '1', value)
  return 1
}

function shape(field: string, wanted: string, value: CborValue | undefined): Error {
  const found =
    value === undefined
      ? 'nothing'
      : value === null
        ? 'null'
        : Array.isArray(value)
          ? 'an array'
          : value instanceof Uint8Array
            ? 'a byte string'
            : typeof value === 'object'
              ? 'a map'
              : `${typeof value} ${String(value).slice(0, 40)}`
  return protoError('PROTO_SHAPE', { field, found, wanted })
}
