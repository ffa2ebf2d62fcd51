import { decodeCbor, encodeCbor } from './cbor.ts'
import { asArray, asBytes, asUint, asVersion1 } from './shape.ts'

/** A node's word that everything of an agent up to (boot, seq) is durable and gapless; not that it was accepted. */
export type Ack = {
  /** 20-byte report address of the node. */
  readonly nodeId: Uint8Array
  readonly agentId: Uint8Array
  readonly boot: number
  readonly seq: number
  readonly hash: Uint8Array
}

/** Payload bytes of an ack (signed as `assay/ack/1` by the node's transport key). */
export function encodeAck(ack: Ack): Uint8Array {
  return encodeCbor([1, ack.nodeId, ack.agentId, ack.boot, ack.seq, ack.hash])
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeAck(payload: Uint8Array): Ack {
  const p = asArray(decodeCbor(payload), 'ack', 6)
  asVersion1(p[0])
  return {
    nodeId: asBytes(p[1], 'ack.nodeId', 20),
    agentId: asBytes(p[2], 'ack.agentId', 32),
    boot: asUint(p[3], 'ack.boot'),
    seq: asUint(p[4], 'ack.seq'),
    hash: asBytes(p[5], 'ack.hash', 32),
  }
}
