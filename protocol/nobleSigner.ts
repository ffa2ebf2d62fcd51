import { p256 } from '@noble/curves/nist.js'
import type { Signer } from './primitives.ts'

/** A signer over a raw 32-byte P-256 secret, for tools and tests. Signatures are deterministic (RFC 6979) and low-s. */
export function nobleSigner(secretKey: Uint8Array): Signer {
  return {
    publicKey: p256.getPublicKey(secretKey, false),
    sign: async (message) => p256.sign(message, secretKey, { lowS: true, prehash: true }),
  }
}
