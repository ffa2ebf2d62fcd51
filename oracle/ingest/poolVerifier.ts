import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { isLowS } from '#protocol/lowS'

/** Verifies off the caller's thread. `done` is called exactly once, never before `verify` returned. */
export type AsyncVerifier = {
  verify(
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
    done: (holds: boolean) => void,
  ): void
}

const CACHED_KEYS = 20_000

/**
 * ES256 on OpenSSL in libuv's thread pool, imported keys kept: the main thread goes on parsing and committing. Same
 * verdicts as `createNodePrimitives().verifyP256`, high-s refused.
 */
export function createPoolVerifier(): AsyncVerifier {
  const keys = new Map<string, KeyObject | null>()

  function keyOf(publicKey: Uint8Array): KeyObject | null {
    const id = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString('latin1')
    const known = keys.get(id)
    if (known !== undefined) return known
    const imported = importKey(publicKey)
    if (keys.size >= CACHED_KEYS) keys.delete(keys.keys().next().value as string)
    keys.set(id, imported)
    return imported
  }

  return {
    verify(publicKey, message, signature, done) {
      const key =
        publicKey.length === 65 && publicKey[0] === 4 && signature.length === 64 && isLowS(signature)
          ? keyOf(publicKey)
          : null
      if (!key) {
        setImmediate(done, false)
        return
      }
      verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature, (error, holds) =>
        done(!error && holds),
      )
    },
  }
}

function importKey(publicKey: Uint8Array): KeyObject | null {
  const x = Buffer.from(publicKey.subarray(1, 33)).toString('base64url')
  const y = Buffer.from(publicKey.subarray(33, 65)).toString('base64url')
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
  } catch {
    return null
  }
}
