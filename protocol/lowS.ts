import { protoError } from './protoErrors.ts'

/** Order n of P-256 (FIPS 186-4 D.1.2.3). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const HALF = N >> 1n

/** Whether a 64-byte P-256 signature r‖s has s at most half the group order: the one form that Assay accepts. */
export function isLowS(signature: Uint8Array): boolean {
  if (signature.length !== 64) return false
  // The first byte of n/2 is 0x7f: most signatures are decided without big integers.
  const top = signature[32] as number
  if (top < 0x7f) return true
  if (top > 0x7f) return false
  return scalar(signature) <= HALF
}

/**
 * The low-s form of a P-256 signature r‖s: what every Assay signer returns, also over a TPM's result.
 * @throws AssayError PROTO_SIGNATURE when it is not 64 bytes with s between 1 and n - 1
 */
export function toLowS(signature: Uint8Array): Uint8Array {
  const s = signature.length === 64 ? scalar(signature) : 0n
  if (s === 0n || s >= N)
    throw protoError('PROTO_SIGNATURE', { found: `${signature.length} bytes`, wanted: 'r‖s, 0 < s < n' })
  if (s <= HALF) return signature
  const out = signature.slice()
  let rest = N - s
  for (let i = 63; i >= 32; i--) {
    out[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return out
}

/** s of r‖s. */
function scalar(signature: Uint8Array): bigint {
  let value = 0n
  for (let i = 32; i < 64; i++) value = (value << 8n) | BigInt(signature[i] as number)
  return value
}
