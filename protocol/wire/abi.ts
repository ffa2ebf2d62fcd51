import { protoError } from '../protoErrors.ts'

/** Static words of the Solidity contract ABI: all that leaves, reports and admissions need of it. */

/** An unsigned integer of `bits` bits as one 32-byte big-endian word. Throws PROTO_INPUT when it does not fit. */
export function uintWord(value: number | bigint, bits: number, field: string): Uint8Array {
  const word = new Uint8Array(32)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0 || (bits < 53 && value >= 2 ** bits))
      throw misfit(value, bits, field)
    let rest = value
    for (let i = 31; rest > 0; i--) {
      word[i] = rest % 256
      rest = Math.floor(rest / 256)
    }
    return word
  }
  if (value < 0n || value >> BigInt(bits) !== 0n) throw misfit(value, bits, field)
  let rest = value
  for (let i = 31; rest > 0n; i--) {
    word[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return word
}

/** A bytes32 of 0x hex text. Throws PROTO_INPUT when it is not 32 bytes of hex. */
export function bytes32Word(hex: string, field: string): Uint8Array {
  return hexWord(hex, 32, field)
}

/** An address of 0x hex text, left-padded. Throws PROTO_INPUT when it is not 20 bytes of hex. */
export function addressWord(hex: string, field: string): Uint8Array {
  return hexWord(hex, 20, field)
}

/** A bool as a word. */
export function boolWord(value: boolean): Uint8Array {
  return uintWord(value ? 1 : 0, 1, 'bool')
}

function hexWord(hex: string, length: number, field: string): Uint8Array {
  if (typeof hex !== 'string' || hex.length !== 2 + 2 * length || !hex.startsWith('0x')) {
    throw protoError('PROTO_INPUT', { field, found: String(hex), wanted: `0x and ${2 * length} hex digits` })
  }
  const word = new Uint8Array(32)
  for (let i = 0; i < length; i++) {
    const high = nibble(hex.charCodeAt(2 + 2 * i))
    const low = nibble(hex.charCodeAt(3 + 2 * i))
    if (high < 0 || low < 0) {
      throw protoError('PROTO_INPUT', { field, found: hex, wanted: `0x and ${2 * length} hex digits` })
    }
    word[32 - length + i] = high * 16 + low
  }
  return word
}

function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 97 && code <= 102) return code - 87
  if (code >= 65 && code <= 70) return code - 55
  return -1
}

function misfit(value: number | bigint, bits: number, field: string): Error {
  return protoError('PROTO_INPUT', { field, found: value, wanted: `a whole number of at most ${bits} bits` })
}
