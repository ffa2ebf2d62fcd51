import { decodeCbor, encodeCbor } from './cbor.ts'
import type { Position } from './header.ts'
import { asArray, asBytes, asUint, asVersion1 } from './shape.ts'

/**
 * What a node says on `…/down/ask`: it lacks what follows `after` (null: everything) up to and including `to`. A hint:
 * it is not signed, and an agent answers by publishing what it still holds of the range once more.
 */
export type Ask = {
  /** 20-byte report address of the node. */
  readonly nodeId: Uint8Array
  readonly agentId: Uint8Array
  readonly after: Position | null
  readonly to: Position
}

/** The bytes of an ask. */
export function encodeAsk(ask: Ask): Uint8Array {
  return encodeCbor([
    1,
    ask.nodeId,
    ask.agentId,
    ask.after ? [ask.after.boot, ask.after.seq] : null,
    [ask.to.boot, ask.to.seq],
  ])
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeAsk(bytes: Uint8Array): Ask {
  const p = asArray(decodeCbor(bytes), 'ask', 5)
  asVersion1(p[0])
  const position = (item: (typeof p)[number], field: string): Position => {
    const pair = asArray(item, field, 2)
    return { boot: asUint(pair[0], field), seq: asUint(pair[1], field) }
  }
  return {
    nodeId: asBytes(p[1], 'ask.nodeId', 20),
    agentId: asBytes(p[2], 'ask.agentId', 32),
    after: p[3] === null ? null : position(p[3] as (typeof p)[number], 'ask.after'),
    to: position(p[4] as (typeof p)[number], 'ask.to'),
  }
}
