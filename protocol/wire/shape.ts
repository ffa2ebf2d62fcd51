import { protoError } from '../protoErrors.ts'
import type { CborValue } from './cbor.ts'

/** Readers that turn decoded CBOR into typed fields, or throw PROTO_SHAPE naming the field. */

/** An array of exactly `length` items (any length when omitted). */
export function asArray(value: CborValue | undefined, field: string, length?: number): readonly CborValue[] {
  if (!Array.isArray(value)) throw shape(field, 'an array', value)
  if (length !== undefined && value.length !== length) {
    throw protoError('PROTO_SHAPE', { field, found: `${value.length} items`, wanted: `${length} items` })
  }
  return value
}

/** A byte string, of exactly `length` bytes when given. */
export function asBytes(value: CborValue | undefined, field: string, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw shape(field, 'a byte string', value)
  if (length !== undefined && value.length !== length) {
    throw protoError('PROTO_SHAPE', { field, found: `${value.length} bytes`, wanted: `${length} bytes` })
  }
  return value
}

/** An unsigned integer of at most 2^53 - 1. */
export function asUint(value: CborValue | undefined, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
    throw shape(field, 'an unsigned integer', value)
  }
  return value
}

/** A signed integer within ±(2^53 - 1). */
export function asInt(value: CborValue | undefined, field: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw shape(field, 'an integer', value)
  return value
}

/** A text of at most `most` characters. */
export function asText(value: CborValue | undefined, field: string, most = 4096): string {
  if (typeof value !== 'string') throw shape(field, 'a text', value)
  if (value.length > most)
    throw protoError('PROTO_LIMIT', { field, found: value.length, wanted: `at most ${most}` })
  return value
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
