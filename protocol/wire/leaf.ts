import { concat } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import { bytes32Word, uintWord } from './abi.ts'
import type { Hex } from './chainView.ts'
import { keccak256 } from './keccak.ts'

/** What one round says of one live token (PROTOCOL §6). Field order is the ABI order. */
export type Leaf = {
  readonly feedId: Hex
  readonly tokenId: bigint
  readonly generation: number
  /** Round, which is an epoch number. */
  readonly epoch: number
  /** Seconds of chain time of the newest sample that counts; 0 when there was never one. */
  readonly observedAt: number
  /** CHS-1 in basis points. */
  readonly scoreBp: number
  /** PROTOCOL §7: 0 Unknown … 7 Retired. */
  readonly status: number
  /** Assurance level 0 … 6. */
  readonly level: number
  readonly confidenceBp: number
  /** Up to four reason codes, see `packReasons`. */
  readonly reasons: bigint
  /** 0: none. */
  readonly recoverableValueCents: bigint
  /** Eight trigger states, see `packTriggers`. */
  readonly triggers: number
  readonly inputRoot: Hex
}

/** Solidity types of the leaf in order: what OpenZeppelin's StandardMerkleTree and `abi.encode` take. */
export const LEAF_ABI = [
  'bytes32',
  'uint256',
  'uint32',
  'uint64',
  'uint64',
  'uint16',
  'uint8',
  'uint8',
  'uint16',
  'uint64',
  'uint64',
  'uint32',
  'bytes32',
] as const

/** `abi.encode` of the leaf: 13 words, 416 bytes. Throws PROTO_INPUT naming the field that does not fit. */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  if (leaf.status > 7)
    throw protoError('PROTO_INPUT', { field: 'status', found: leaf.status, wanted: '0 to 7' })
  return concat(
    bytes32Word(leaf.feedId, 'feedId'),
    uintWord(leaf.tokenId, 256, 'tokenId'),
    uintWord(leaf.generation, 32, 'generation'),
    uintWord(leaf.epoch, 64, 'epoch'),
    uintWord(leaf.observedAt, 64, 'observedAt'),
    uintWord(leaf.scoreBp, 16, 'scoreBp'),
    uintWord(leaf.status, 8, 'status'),
    uintWord(leaf.level, 8, 'level'),
    uintWord(leaf.confidenceBp, 16, 'confidenceBp'),
    uintWord(leaf.reasons, 64, 'reasons'),
    uintWord(leaf.recoverableValueCents, 64, 'recoverableValueCents'),
    uintWord(leaf.triggers, 32, 'triggers'),
    bytes32Word(leaf.inputRoot, 'inputRoot'),
  )
}

/** keccak256(keccak256(abi.encode(leaf))): hashed twice, so that no inner node can pass for a leaf. */
export function leafHash(leaf: Leaf): Uint8Array {
  return keccak256(keccak256(encodeLeaf(leaf)))
}
