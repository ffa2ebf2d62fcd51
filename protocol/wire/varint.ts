import { protoError } from '../protoErrors.ts'

/** Bytes written so far by {@link writeVarint}; grows as needed. */
export type ByteSink = { bytes: Uint8Array; length: number }

// 54 bits of zigzag in groups of seven.
const LONGEST = 8

/** An empty sink. */
export function byteSink(capacity = 64): ByteSink {
  return { bytes: new Uint8Array(capacity), length: 0 }
}

/**
 * Appends a safe integer as zigzag LEB128: 0, -1, 1, -2 … become 0, 1, 2, 3 …, seven bits a byte, low bits first.
 * @throws AssayError PROTO_SHAPE for any other number
 */
export function writeVarint(sink: ByteSink, value: number): void {
  if (!Number.isSafeInteger(value))
    throw protoError('PROTO_SHAPE', { field: 'varint', found: value, wanted: 'a whole number below 2^53' })
  if (sink.length + LONGEST > sink.bytes.length) {
    const bigger = new Uint8Array(2 * sink.bytes.length + LONGEST)
    bigger.set(sink.bytes)
    sink.bytes = bigger
  }
  // The sign is bit 0 and the magnitude follows, so that 2 x value, which has no exact double, is never formed.
  const magnitude = value < 0 ? -value - 1 : value
  let byte = (magnitude % 64) * 2 + (value < 0 ? 1 : 0)
  let rest = Math.floor(magnitude / 64)
  while (rest > 0) {
    sink.bytes[sink.length++] = byte | 0x80
    byte = rest % 0x80
    rest = Math.floor(rest / 0x80)
  }
  sink.bytes[sink.length++] = byte
}

/** The bytes written, copied out. */
export function sinkBytes(sink: ByteSink): Uint8Array {
  return sink.bytes.slice(0, sink.length)
}

/**
 * All zigzag LEB128 integers of `bytes`, each within ±(2^53 - 1).
 * @throws AssayError PROTO_SHAPE on a truncated, overlong (not shortest) or too large number
 */
export function readVarints(bytes: Uint8Array): number[] {
  const out: number[] = []
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at++] as number
    let magnitude = (first & 0x7f) >> 1
    if (first >= 0x80) {
      let unit = 64
      let byte: number
      do {
        if (at >= bytes.length || unit > 2 ** 48) throw refuse('truncated or too large', at)
        byte = bytes[at++] as number
        magnitude += (byte & 0x7f) * unit
        unit *= 128
      } while (byte >= 0x80)
      if (byte === 0) throw refuse('not the shortest form', at)
    }
    const value = (first & 1) === 0 ? magnitude : -magnitude - 1
    if (!Number.isSafeInteger(value)) throw refuse('more than 53 bits', at)
    out.push(value)
  }
  return out
}

function refuse(found: string, offset: number): Error {
  return protoError('PROTO_SHAPE', { field: 'varint', found, offset })
}
