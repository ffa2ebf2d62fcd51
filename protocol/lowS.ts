/** Order n of P-256 (FIPS 186-4 D.1.2.3). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const HALF = N >> 1n

function scalar(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}

/** Whether a 64-byte P-256 signature r‖s has s at most half the group order: the one form that Assay accepts. */
export function isLowS(signature: Uint8Array): boolean {
  // The first byte of n/2 is 0x7f: most signatures are decided without big integers.
  const top = signature[32] as number
  if (top < 0x7f) return true
  if (top > 0x7f) return false
  return scalar(signature.subarray(32, 64)) <= HALF
}

/** The low-s form of a P-256 signature r‖s: what every Assay signer returns, also over a TPM's result. */
export function toLowS(signature: Uint8Array): Uint8Array {
  if (isLowS(signature)) return signature
  const flipped = N - scalar(signature.subarray(32, 64))
  const out = signature.slice()
  let rest = flipped
  for (let i = 63; i >= 32; i--) {
    out[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return out
}
