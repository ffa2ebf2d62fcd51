import { compareBytes, concat, toHex0x } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import type { Hex } from './chainView.ts'
import { keccak256 } from './keccak.ts'

/** A named ack list of a round: the node that signed it and the hash of its payload (`payloadHash`, 32 bytes). */
export type NamedAckList = { readonly nodeId: Uint8Array; readonly hash: Uint8Array }

/**
 * ackListsHash of a report (PROTOCOL §6): keccak256 over (20-byte node id ‖ 32-byte payload hash) of every ack list that
 * the round's proposal names, ascending by node id. Throws PROTO_INPUT for a node named twice or a wrong length.
 */
export function ackListsHash(lists: readonly NamedAckList[]): Hex {
  const sorted = [...lists].sort((a, b) => compareBytes(a.nodeId, b.nodeId))
  sorted.forEach((list, i) => {
    const before = sorted[i - 1]
    if (list.nodeId.length !== 20 || list.hash.length !== 32)
      throw protoError('PROTO_INPUT', {
        field: 'ackLists',
        found: `${list.nodeId.length} and ${list.hash.length} bytes`,
        wanted: '20 and 32 bytes',
      })
    if (before && compareBytes(before.nodeId, list.nodeId) === 0)
      throw protoError('PROTO_INPUT', { field: 'ackLists', wanted: 'each node at most once' })
  })
  return toHex0x(keccak256(concat(...sorted.flatMap((list) => [list.nodeId, list.hash]))))
}
