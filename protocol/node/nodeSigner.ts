import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { toLowS } from '../lowS.ts'
import type { Signer } from '../primitives.ts'
import { protoError } from '../protoErrors.ts'

/**
 * A signer over a PKCS#8 PEM P-256 key on OpenSSL; signatures are normalised to low-s.
 * @throws AssayError PROTO_KEY when the PEM does not hold a P-256 private key.
 */
export function createNodeSigner(pem: string): Signer {
  const key = privateKey(pem)
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  if (jwk.kty !== 'EC' || jwk.crv !== 'P-256' || !jwk.x || !jwk.y)
    throw protoError('PROTO_KEY', {
      found: `${jwk.kty} ${jwk.crv ?? ''}`,
      wanted: 'a P-256 private key in PKCS#8 PEM',
    })
  const publicKey = Buffer.concat([
    Buffer.from([4]),
    Buffer.from(jwk.x, 'base64url'),
    Buffer.from(jwk.y, 'base64url'),
  ])
  return {
    publicKey: new Uint8Array(publicKey),
    sign: async (message) =>
      toLowS(new Uint8Array(sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }))),
  }
}

function privateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw protoError('PROTO_KEY', { wanted: 'a P-256 private key in PKCS#8 PEM' }, cause)
  }
}
