import type { Hex } from './wire/chainView.ts'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const encoder = new TextEncoder()

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Lower-case hex without a prefix. */
export function toHex(bytes: Uint8Array): string {
  let out = ''
  for (const byte of bytes) out += HEX[byte]
  return out
}

/** Lower-case hex with a 0x prefix, as used on chain. */
export function toHex0x(bytes: Uint8Array): Hex {
  return `0x${toHex(bytes)}`
}

/** Bytes of hex text with or without 0x, or undefined when the text is not whole bytes of hex. */
export function fromHex(text: string): Uint8Array | undefined {
  const bare = text.startsWith('0x') ? text.slice(2) : text
  if (bare.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(bare)) return undefined
  const out = new Uint8Array(bare.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(bare.slice(2 * i, 2 * i + 2), 16)
  return out
}

/** The parts one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Whether both hold the same bytes. Not constant-time: for public values only. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0
}

/** Lexicographic order of bytes, shorter first on a common prefix. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
