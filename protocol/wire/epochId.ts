import { sha256 } from '@noble/hashes/sha2.js'
import { concat, toHex0x, utf8 } from '../bytes.ts'
import { bytes32Word, uintWord } from './abi.ts'
import type { Hex } from './chainView.ts'

const PREFIX = utf8('assay/epoch/1')

/**
 * Id of epoch `n` of a feed (PROTOCOL §2): SHA-256("assay/epoch/1" ‖ feedId ‖ uint64be n ‖ hash of its anchor block).
 * Throws PROTO_INPUT for anything that is not a bytes32 or a uint64.
 */
export function epochId(feedId: Hex, n: number, anchorHash: Hex): Hex {
  const number = uintWord(n, 64, 'epoch').subarray(24)
  return toHex0x(
    sha256(concat(PREFIX, bytes32Word(feedId, 'feedId'), number, bytes32Word(anchorHash, 'anchorHash'))),
  )
}
