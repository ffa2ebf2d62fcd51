import { encode, rfc8949EncodeOptions } from 'cborg'
import { AssayError } from '../assayError.ts'
import { protoError } from '../protoErrors.ts'
import { readCbor } from './cborReader.ts'
import type { CborValue } from './cborValue.ts'

export type { CborValue }

const OPTIONS = {
  ...rfc8949EncodeOptions,
  typeEncoders: {
    number: (value: number) => (Number.isSafeInteger(value) ? null : foreign(`the number ${value}`)),
    bigint: (value: bigint) => (BigInt.asIntN(65, value) === value ? null : foreign('more than 64 bits')),
    string: (value: string) => (WELL_FORMED.test(value) ? null : foreign('text with half a surrogate pair')),
    undefined: () => foreign('undefined'),
    Object: () => foreign('a plain object'),
  },
}
const WANTED = 'integers, texts, byte strings, arrays and maps'
const WELL_FORMED = /^\P{Surrogate}*$/u

/**
 * Deterministic CBOR (RFC 8949 §4.2) of a value.
 * @throws AssayError PROTO_SHAPE for a float, half a surrogate pair, undefined or any object that is no {@link CborValue}
 */
export function encodeCbor(value: CborValue): Uint8Array {
  try {
    return encode(value, OPTIONS)
  } catch (error) {
    if (error instanceof AssayError) throw error
    throw protoError('PROTO_SHAPE', { found: (error as Error).message, wanted: WANTED }, error)
  }
}

/**
 * The value of deterministic CBOR bytes; anything but the one encoding that {@link encodeCbor} gives is refused, so
 * equal values have equal bytes. Byte strings in it are views of `bytes`: who keeps one for long copies it.
 * @throws AssayError PROTO_CBOR
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
  // A Buffer's slices alias it and compare unequal to Uint8Array: what leaves here is always plain.
  return readCbor(
    bytes.constructor === Uint8Array
      ? bytes
      : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  )
}

function foreign(found: string): never {
  throw protoError('PROTO_SHAPE', { found, wanted: WANTED })
}
