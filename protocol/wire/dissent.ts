import { decodeCbor, encodeCbor } from './cbor.ts'
import { asArray, asBytes, asText, asUint, asVersion1 } from './shape.ts'

/** A node's word that it computed another digest from the same proposal, signed as `assay/dissent/1` (PROTOCOL §6.7). */
export type Dissent = {
  readonly feedId: Uint8Array
  readonly n: number
  readonly nodeId: Uint8Array
  readonly against: Uint8Array
  readonly ownDigest: Uint8Array
  readonly otherDigest: Uint8Array
  /** Token of the first leaf that differs, as decimal text, or empty when the leaves agree or were not handed over. */
  readonly firstToken: string
  /** Its field that differs, with both values, in words. */
  readonly difference: string
}

/** Payload bytes of a dissent. */
export function encodeDissent(d: Dissent): Uint8Array {
  return encodeCbor([
    1,
    d.feedId,
    d.n,
    d.nodeId,
    d.against,
    d.ownDigest,
    d.otherDigest,
    d.firstToken,
    d.difference,
  ])
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeDissent(payload: Uint8Array): Dissent {
  const p = asArray(decodeCbor(payload), 'dissent', 9)
  asVersion1(p[0])
  return {
    feedId: asBytes(p[1], 'dissent.feedId', 32),
    n: asUint(p[2], 'dissent.n'),
    nodeId: asBytes(p[3], 'dissent.nodeId', 20),
    against: asBytes(p[4], 'dissent.against', 20),
    ownDigest: asBytes(p[5], 'dissent.ownDigest', 32),
    otherDigest: asBytes(p[6], 'dissent.otherDigest', 32),
    firstToken: asText(p[7], 'dissent.firstToken', 80),
    difference: asText(p[8], 'dissent.difference', 512),
  }
}
