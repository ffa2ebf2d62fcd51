import { decodeCbor, encodeCbor } from './cbor.ts'
import { asArray, asBytes, asUint, asVersion1 } from './shape.ts'

/** A node's announcement of an existing epoch, signed as `assay/epoch/1`. Timestamps are seconds of chain time. */
export type EpochNotice = {
  readonly feedId: Uint8Array
  readonly n: number
  readonly epochId: Uint8Array
  readonly blockNumber: number
  readonly blockHash: Uint8Array
  readonly timestamp: number
  readonly nodeId: Uint8Array
}

/** Payload bytes of an epoch notice. */
export function encodeEpochNotice(notice: EpochNotice): Uint8Array {
  return encodeCbor([
    1,
    notice.feedId,
    notice.n,
    notice.epochId,
    notice.blockNumber,
    notice.blockHash,
    notice.timestamp,
    notice.nodeId,
  ])
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeEpochNotice(payload: Uint8Array): EpochNotice {
  const p = asArray(decodeCbor(payload), 'epochNotice', 8)
  asVersion1(p[0])
  return {
    feedId: asBytes(p[1], 'epochNotice.feedId', 32),
    n: asUint(p[2], 'epochNotice.n'),
    epochId: asBytes(p[3], 'epochNotice.epochId', 32),
    blockNumber: asUint(p[4], 'epochNotice.blockNumber'),
    blockHash: asBytes(p[5], 'epochNotice.blockHash', 32),
    timestamp: asUint(p[6], 'epochNotice.timestamp'),
    nodeId: asBytes(p[7], 'epochNotice.nodeId', 20),
  }
}
