import { secp256k1 } from '@noble/curves/secp256k1.js'
import { toHex0x } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import type { Hex } from './chainView.ts'
import { keccak256 } from './keccak.ts'

/**
 * Signs a 32-byte EIP-712 digest with a 32-byte secp256k1 key. Returns 64 bytes in the compact form of EIP-2098:
 * r, then s with the recovery bit on top; s is low. Deterministic (RFC 6979). Throws PROTO_KEY for an invalid key.
 */
export function signDigest(digest: Uint8Array, secretKey: Uint8Array): Uint8Array {
  if (!secp256k1.utils.isValidSecretKey(secretKey))
    throw protoError('PROTO_KEY', { wanted: 'a secp256k1 secret' })
  const recovered = secp256k1.sign(digest, secretKey, { prehash: false, lowS: true, format: 'recovered' })
  const compact = recovered.slice(1)
  compact[32] = (compact[32] as number) | ((recovered[0] as number) << 7)
  return compact
}

/**
 * Address of the key that signed `digest`, lower case. Throws PROTO_HIGH_S for a high s (the contract refuses it too)
 * and PROTO_SIGNATURE for anything else that is no signature. A wrong signature still recovers *some* address:
 * compare it with the roster.
 */
export function recoverSigner(digest: Uint8Array, compact: Uint8Array): Hex {
  if (compact.length !== 64)
    throw protoError('PROTO_SIGNATURE', { found: `${compact.length} bytes`, wanted: '64' })
  const recovered = new Uint8Array(65)
  recovered[0] = (compact[32] as number) >> 7
  recovered.set(compact, 1)
  recovered[33] = (recovered[33] as number) & 0x7f
  let publicKey: Uint8Array
  try {
    if (secp256k1.Signature.fromBytes(recovered, 'recovered').hasHighS()) throw protoError('PROTO_HIGH_S')
    publicKey = secp256k1.Signature.fromBytes(recovered, 'recovered').recoverPublicKey(digest).toBytes(false)
  } catch (error) {
    if ((error as { code?: string }).code === 'PROTO_HIGH_S') throw error
    throw protoError('PROTO_SIGNATURE', { found: 'no point of the curve' }, error)
  }
  return toHex0x(keccak256(publicKey.subarray(1)).subarray(12))
}

/** Address of a secp256k1 secret: what the roster lists. Throws PROTO_KEY for an invalid key. */
export function reportAddress(secretKey: Uint8Array): Hex {
  if (!secp256k1.utils.isValidSecretKey(secretKey))
    throw protoError('PROTO_KEY', { wanted: 'a secp256k1 secret' })
  return toHex0x(keccak256(secp256k1.getPublicKey(secretKey, false).subarray(1)).subarray(12))
}
