import { protoError } from '../protoErrors.ts'

/** Bytes written so far by {@link writeVarint}; grows as needed. */
export type ByteSink = { bytes: Uint8Array; length: number }

/** An empty sink. */
export function byteSink(capacity = 64): ByteSink {
  return { bytes: new Uint8Array(capacity), length: 0 }
}

/** Appends a safe integer as zigzag LEB128: 0, -1, 1, -2 … become 0, 1, 2, 3 …, seven bits a byte, low bits first. */
export function writeVarint(sink: ByteSink, value: number): void {
  if (sink.length + 8 > sink.bytes.length) {
    const bigger = new Uint8Array(sink.bytes.length * 2)
    bigger.set(sink.bytes)
    sink.bytes = bigger
  }
  // Values to ±2^53 do not fit 32-bit operators: arithmetic, not shifts.
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  while (rest >= 0x80) {
    sink.bytes[sink.length++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  sink.bytes[sink.length++] = rest
}

/** The bytes written, copied out. */
export function sinkBytes(sink: ByteSink): Uint8Array {
  return sink.bytes.slice(0, sink.length)
}

/**
 * All zigzag LEB128 integers of `bytes`.
 * @throws AssayError PROTO_SHAPE on a truncated, overlong (not shortest) or too large number
 */
export function readVarints(bytes: Uint8Array): number[] {
  const out: number[] = []
  let at = 0
  while (at < bytes.length) {
    let value = 0
    let unit = 1
    let byte = bytes[at++] as number
    while (byte >= 0x80) {
      value += (byte & 0x7f) * unit
      unit *= 0x80
      if (unit > 2 ** 49 || at >= bytes.length)
        throw protoError('PROTO_SHAPE', { field: 'varint', found: 'truncated or too large', offset: at })
      byte = bytes[at++] as number
    }
    if (byte === 0 && unit > 1)
      throw protoError('PROTO_SHAPE', { field: 'varint', found: 'not the shortest form', offset: at })
    value += byte * unit
    if (!Number.isSafeInteger(value))
      throw protoError('PROTO_SHAPE', { field: 'varint', found: 'more than 53 bits', offset: at })
    out.push(value % 2 === 0 ? value / 2 : -(value + 1) / 2)
  }
  return out
}
