import { protoError } from '../protoErrors.ts'
import { type CborValue, encodeCbor } from '../wire/cbor.ts'

/** Data of a methodology or of score inputs: whole numbers, texts, booleans, null, lists and records. */
export type CanonicalValue =
  | null
  | boolean
  | number
  | string
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue }

/**
 * Deterministic CBOR (RFC 8949 §4.2) of plain data, records as maps with text keys; the key order of the argument does
 * not matter.
 * @throws AssayError PROTO_INPUT naming the path of anything that is not plain whole-number data
 */
export function canonicalBytes(value: CanonicalValue): Uint8Array {
  return encodeCbor(toCbor(value, ''))
}

function toCbor(value: CanonicalValue, path: string): CborValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)) return value
  if (Array.isArray(value)) return value.map((item, i) => toCbor(item, `${path}[${i}]`))
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return new Map(
      Object.entries(value).map(([key, item]) => [key, toCbor(item, path === '' ? key : `${path}.${key}`)]),
    )
  }
  throw protoError('PROTO_INPUT', {
    field: path || 'value',
    found: String(value),
    wanted: 'plain data with whole numbers',
  })
}
