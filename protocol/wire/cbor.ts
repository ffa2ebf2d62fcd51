import { decode, encode, rfc8949EncodeOptions } from 'cborg'
import { sameBytes } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'

/** What Assay's own objects are made of: no floats, no tags, no undefined. */
export type CborValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<number | string, CborValue>

const STRICT = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true,
  useMaps: true,
} as const

/** Deterministic CBOR (RFC 8949 §4.2) of a value. */
export function encodeCbor(value: CborValue): Uint8Array {
  return encode(value, rfc8949EncodeOptions)
}

/**
 * The value of deterministic CBOR bytes. Shortest forms, no duplicate keys, no indefinite lengths, no trailing bytes,
 * sorted map keys and no floats are all required: decoding and encoding again gives the same bytes.
 * @throws AssayError PROTO_CBOR
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
  let value: CborValue
  try {
    value = decode(bytes, STRICT) as CborValue
  } catch (cause) {
    throw protoError('PROTO_CBOR', { bytes: bytes.length, found: (cause as Error).message }, cause)
  }
  return value
}

/**
 * As {@link decodeCbor}, and proves canonical form by encoding again. For objects with maps or of low rate; arrays of
 * integers and byte strings have one strict encoding only, so hot paths need no second pass.
 */
export function decodeCanonical(bytes: Uint8Array): CborValue {
  const value = decodeCbor(bytes)
  let again: Uint8Array | undefined
  try {
    again = encodeCbor(value)
  } catch {
    again = undefined
  }
  if (!again || !sameBytes(again, bytes))
    throw protoError('PROTO_CBOR', { bytes: bytes.length, found: 'not canonical' })
  return value
}
