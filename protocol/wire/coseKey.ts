import { sha256 } from '@noble/hashes/sha2.js'
import { protoError } from '../protoErrors.ts'
import { encodeCbor } from './cbor.ts'

/**
 * COSE key thumbprint (RFC 9679 §4) of a P-256 public key given as 65 bytes uncompressed SEC1: SHA-256 of the
 * deterministic encoding of {kty: EC2, crv: P-256, x, y}. An agent id is the thumbprint of the agent's first key.
 * @throws AssayError PROTO_KEY
 */
export function coseKeyThumbprint(publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== 65 || publicKey[0] !== 4)
    throw protoError('PROTO_KEY', { found: `${publicKey.length} bytes`, wanted: '65 bytes, 04 ‖ x ‖ y' })
  const key = new Map<number, number | Uint8Array>([
    [1, 2],
    [-1, 1],
    [-2, publicKey.slice(1, 33)],
    [-3, publicKey.slice(33, 65)],
  ])
  return sha256(encodeCbor(key))
}
