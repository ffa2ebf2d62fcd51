import { compareBytes } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import type { CborValue } from './cborValue.ts'

const MAX_DEPTH = 32
// A BOM is text like any other: dropping it would give two encodings to one value.
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** One pass over deterministic CBOR; `at` is the offset of the next unread byte. */
type Reader = { readonly bytes: Uint8Array; at: number; depth: number }

/**
 * Reads one item that must fill `bytes`. Accepts exactly one encoding of every {@link CborValue}: RFC 8949 §4.2.1
 * (shortest heads, definite lengths, map keys ascending bytewise and unique), UTF-8 text, integer or text map keys, no
 * tag, no float, no simple value but false, true and null, at most 32 levels. Byte strings are views of `bytes`.
 * Time and memory are linear in the number of bytes, whatever lengths they claim.
 * @throws AssayError PROTO_CBOR with the offset
 */
export function readCbor(bytes: Uint8Array): CborValue {
  const reader: Reader = { bytes, at: 0, depth: 0 }
  const value = readItem(reader)
  if (reader.at !== bytes.length) throw refuse(reader, `${bytes.length - reader.at} bytes after the item`)
  return value
}

function readItem(r: Reader): CborValue {
  const first = r.bytes[r.at++]
  if (first === undefined) throw refuse(r, 'the end of the bytes inside an item')
  const minor = first & 0x1f
  switch (first >> 5) {
    case 0:
      return minor < 24 ? minor : readArgument(r, minor)
    case 1:
      return minor < 24 ? -1 - minor : negative(readArgument(r, minor))
    case 2:
      return readString(r, minor)
    case 3:
      return text(r, readString(r, minor))
    case 4:
      return readArray(r, minor)
    case 5:
      return readMap(r, minor)
    case 6:
      throw refuse(r, 'a tag')
    default:
      if (first === 0xf6) return null
      if (first === 0xf4) return false
      if (first === 0xf5) return true
      throw refuse(r, 'a float or a simple value')
  }
}

/** The argument of a head whose lower five bits are 24 or more; a bigint only above 2^53 - 1. */
function readArgument(r: Reader, minor: number): number | bigint {
  if (minor > 27) throw refuse(r, 'an indefinite length or a reserved head')
  const size = 1 << (minor - 24)
  if (r.at + size > r.bytes.length) throw refuse(r, 'the end of the bytes inside a head')
  if (size === 8) {
    const high = readUint(r, 4)
    const low = readUint(r, 4)
    if (high === 0) throw refuse(r, 'a number not in its shortest form')
    const value = high * 2 ** 32 + low
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low)
  }
  const value = readUint(r, size)
  const least = size === 1 ? 24 : 2 ** (4 * size)
  if (value < least) throw refuse(r, 'a number not in its shortest form')
  return value
}

function readUint(r: Reader, size: number): number {
  let value = 0
  for (let i = 0; i < size; i++) value = value * 256 + (r.bytes[r.at++] as number)
  return value
}

function negative(argument: number | bigint): number | bigint {
  if (typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER) return -1 - argument
  return -1n - BigInt(argument)
}

/** A length that the bytes left can hold at `unit` bytes an item. */
function readLength(r: Reader, minor: number, unit: number): number {
  const length = minor < 24 ? minor : readArgument(r, minor)
  if (typeof length === 'bigint' || length * unit > r.bytes.length - r.at)
    throw refuse(r, 'a length beyond the end of the bytes')
  return length
}

function readString(r: Reader, minor: number): Uint8Array {
  const length = readLength(r, minor, 1)
  const start = r.at
  r.at += length
  return r.bytes.subarray(start, r.at)
}

function text(r: Reader, bytes: Uint8Array): string {
  try {
    return utf8Decoder.decode(bytes)
  } catch {
    throw refuse(r, 'text that is not UTF-8')
  }
}

function readArray(r: Reader, minor: number): CborValue[] {
  const length = readLength(r, minor, 1)
  enter(r)
  const items: CborValue[] = []
  for (let i = 0; i < length; i++) items.push(readItem(r))
  r.depth--
  return items
}

function readMap(r: Reader, minor: number): Map<number | string, CborValue> {
  const length = readLength(r, minor, 2)
  enter(r)
  const map = new Map<number | string, CborValue>()
  let before: Uint8Array | undefined
  for (let i = 0; i < length; i++) {
    const start = r.at
    const key = readItem(r)
    if (typeof key !== 'number' && typeof key !== 'string')
      throw refuse(r, 'a map key that is neither an integer nor a text')
    const encoded = r.bytes.subarray(start, r.at)
    if (before && compareBytes(before, encoded) >= 0) throw refuse(r, 'map keys out of order or twice')
    before = encoded
    map.set(key, readItem(r))
  }
  r.depth--
  return map
}

function enter(r: Reader): void {
  if (++r.depth > MAX_DEPTH) throw refuse(r, `more than ${MAX_DEPTH} levels`)
}

function refuse(r: Reader, found: string): Error {
  return protoError('PROTO_CBOR', { bytes: r.bytes.length, offset: r.at, found })
}
