import { p256 } from '@noble/curves/nist.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Primitives } from './primitives.ts'

/** The default primitives: pure JavaScript, the same in the browser and in Node. */
export const noblePrimitives: Primitives = {
  sha256,
  verifyP256(publicKey, message, signature) {
    if (signature.length !== 64 || publicKey.length !== 65 || publicKey[0] !== 4) return false
    try {
      return p256.verify(signature, message, publicKey, { lowS: true, prehash: true })
    } catch {
      return false
    }
  },
}
