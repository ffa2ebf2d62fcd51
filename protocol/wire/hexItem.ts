import { fromHex, toHex0x } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import type { CborValue } from './cbor.ts'
import type { Hex } from './chainView.ts'
import { asBytes } from './shape.ts'

/** Chain values travel as byte strings: this is the way from their 0x text and back. */

/**
 * The byte string of 0x hex text.
 * @throws AssayError PROTO_SHAPE when it is not `length` bytes
 */
export function hexItem(hex: Hex, length: number, field: string): Uint8Array {
  const bytes = fromHex(hex)
  if (bytes?.length !== length)
    throw protoError('PROTO_SHAPE', { field, found: hex, wanted: `${length} bytes of hex` })
  return bytes
}

/**
 * The 0x text of a byte string of `length` bytes.
 * @throws AssayError PROTO_SHAPE
 */
export function asHex(value: CborValue | undefined, field: string, length: number): Hex {
  return toHex0x(asBytes(value, field, length))
}

/** The unsigned integer of a 32-byte string: token ids do not fit a CBOR integer. */
export function asWord(value: CborValue | undefined, field: string): bigint {
  return BigInt(asHex(value, field, 32))
}
