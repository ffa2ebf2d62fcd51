import { concat, utf8 } from '../bytes.ts'
import { bytes32Word, uintWord } from './abi.ts'
import type { Hex } from './chainView.ts'
import { keccak256 } from './keccak.ts'

/** What an agent says of one asset in a form that a contract can read (PROTOCOL §4): the host's word, not the GPU's. */
export type AssetStatement = {
  readonly feedId: Hex
  readonly assetId: Hex
  readonly generation: number
  readonly seq: number
  readonly epoch: number
  /** Seconds. */
  readonly observedAt: number
  /** Hardware gates as bits; 0 when none. */
  readonly gateFlags: number
  readonly segmentDigest: Hex
}

const PREFIX = utf8('assay/asset-statement/1')

/** The 8 ABI words (256 bytes) that the agent's P-256 key signs with SHA-256. Throws PROTO_INPUT. */
export function encodeAssetStatement(statement: AssetStatement): Uint8Array {
  return concat(
    keccak256(concat(PREFIX, bytes32Word(statement.feedId, 'feedId'))),
    bytes32Word(statement.assetId, 'assetId'),
    uintWord(statement.generation, 32, 'generation'),
    uintWord(statement.seq, 64, 'seq'),
    uintWord(statement.epoch, 64, 'epoch'),
    uintWord(statement.observedAt, 64, 'observedAt'),
    uintWord(statement.gateFlags, 256, 'gateFlags'),
    bytes32Word(statement.segmentDigest, 'segmentDigest'),
  )
}
