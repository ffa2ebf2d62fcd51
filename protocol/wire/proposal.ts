import { toHex } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { asArray, asBytes, asUint, asVersion1 } from './shape.ts'

/** Which ack lists a round counts (PROTOCOL §6.3), signed as `assay/proposal/1`. It chooses no evidence. */
export type Proposal = {
  readonly feedId: Uint8Array
  readonly configId: number
  readonly n: number
  /** 0 for the first proposer of the round, then 1, 2 … */
  readonly turn: number
  readonly nodeId: Uint8Array
  /** Hash of the anchor block of the next existing epoch: the block of the chain view. */
  readonly viewBlock: Uint8Array
  /** Payload hashes of the named ack lists, in the order of the roster. */
  readonly lists: readonly { readonly nodeId: Uint8Array; readonly hash: Uint8Array }[]
}

/** Payload bytes of a proposal. */
export function encodeProposal(proposal: Proposal): Uint8Array {
  const { feedId, configId, n, turn, nodeId, viewBlock, lists } = proposal
  return encodeCbor([1, feedId, configId, n, turn, nodeId, viewBlock, lists.map((l) => [l.nodeId, l.hash])])
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeProposal(payload: Uint8Array): Proposal {
  const p = asArray(decodeCbor(payload), 'proposal', 8)
  asVersion1(p[0])
  const lists = asArray(p[7], 'proposal.lists').map((item) => {
    const l = asArray(item, 'proposal.lists', 2)
    return {
      nodeId: asBytes(l[0], 'proposal.lists.nodeId', 20),
      hash: asBytes(l[1], 'proposal.lists.hash', 32),
    }
  })
  if (new Set(lists.map((list) => toHex(list.nodeId))).size !== lists.length)
    throw protoError('PROTO_SHAPE', {
      field: 'proposal.lists',
      found: 'a node twice',
      wanted: 'one list a node',
    })
  return {
    feedId: asBytes(p[1], 'proposal.feedId', 32),
    configId: asUint(p[2], 'proposal.configId'),
    n: asUint(p[3], 'proposal.n'),
    turn: asUint(p[4], 'proposal.turn'),
    nodeId: asBytes(p[5], 'proposal.nodeId', 20),
    viewBlock: asBytes(p[6], 'proposal.viewBlock', 32),
    lists,
  }
}
