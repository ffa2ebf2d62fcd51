import { sha256 } from '@noble/hashes/sha2.js'
import { toHex0x } from '../bytes.ts'
import type { Hex } from '../wire/chainView.ts'
import { type CanonicalValue, canonicalBytes } from './canonical.ts'
import type { Methodology } from './methodologyTypes.ts'

/**
 * SHA-256 over the canonical CBOR of a methodology: what the chain commits to.
 * @throws AssayError PROTO_INPUT when the data hold anything but whole numbers, texts, booleans and lists
 */
export function methodologyHash(methodology: Methodology): Hex {
  return toHex0x(sha256(canonicalBytes(methodology as unknown as CanonicalValue)))
}
