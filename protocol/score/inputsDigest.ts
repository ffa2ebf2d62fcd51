import { sha256 } from '@noble/hashes/sha2.js'
import { toHex0x } from '../bytes.ts'
import type { Hex } from '../wire/chainView.ts'
import { canonicalBytes } from './canonical.ts'
import type { ScoreInput } from './scoreInput.ts'

/** SHA-256 over the canonical CBOR of score inputs; key order does not matter. */
export function inputsDigest(input: ScoreInput): Hex {
  return toHex0x(sha256(canonicalBytes(input)))
}
