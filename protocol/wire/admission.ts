import { concat } from '../bytes.ts'
import { addressWord, bytes32Word, uintWord } from './abi.ts'
import type { Hex } from './chainView.ts'
import { type SigningDomain, structHash, typedDigest } from './eip712.ts'
import { keccak256 } from './keccak.ts'

/** The statement by which M nodes let an asset become a token (PROTOCOL §5). */
export type Admission = {
  readonly feedId: Hex
  readonly configId: number
  readonly owner: Hex
  /** 1 to 2^176 - 1. */
  readonly tokenId: bigint
  readonly assetId: Hex
  /** 1 to 2^24 - 1. */
  readonly generation: number
  readonly agentId: Hex
  readonly level: number
  /** Double-pledge tags of PROTOCOL §3. */
  readonly tags: readonly Hex[]
  readonly evidenceDigest: Hex
  /** Seconds of chain time from which on the admission can no longer be used. */
  readonly expiry: number
}

export const ADMISSION_TYPE =
  'Admission(bytes32 feedId,uint32 configId,address owner,uint256 tokenId,bytes32 assetId,uint32 generation,bytes32 agentId,uint8 level,bytes32[] tags,bytes32 evidenceDigest,uint64 expiry)'

/**
 * EIP-712 digest of an admission; `domain.verifyingContract` is CaliberRegistry. 32 bytes. Throws PROTO_INPUT naming
 * the field that does not fit its type.
 */
export function admissionDigest(domain: SigningDomain, admission: Admission): Uint8Array {
  return typedDigest(
    domain,
    structHash(
      ADMISSION_TYPE,
      bytes32Word(admission.feedId, 'feedId'),
      uintWord(admission.configId, 32, 'configId'),
      addressWord(admission.owner, 'owner'),
      uintWord(admission.tokenId, 256, 'tokenId'),
      bytes32Word(admission.assetId, 'assetId'),
      uintWord(admission.generation, 32, 'generation'),
      bytes32Word(admission.agentId, 'agentId'),
      uintWord(admission.level, 8, 'level'),
      keccak256(concat(...admission.tags.map((tag) => bytes32Word(tag, 'tags')))),
      bytes32Word(admission.evidenceDigest, 'evidenceDigest'),
      uintWord(admission.expiry, 64, 'expiry'),
    ),
  )
}
