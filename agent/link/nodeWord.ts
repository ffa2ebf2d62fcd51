import { toHex } from '#protocol/bytes'
import type { Primitives } from '#protocol/primitives'
import { type Ack, decodeAck } from '#protocol/wire/ack'
import { type CoseType, parseSign1, verifySign1 } from '#protocol/wire/cose'
import { decodeEpochNotice, type EpochNotice } from '#protocol/wire/epochNotice'
import type { Roster } from '#protocol/wire/roster'

/** Reads what nodes sign; anything not signed by a node of the roster under its own name is null. */
export type NodeWords = {
  ack(bytes: Uint8Array): Ack | null
  epochNotice(bytes: Uint8Array): EpochNotice | null
}

/** Readers over one roster. They never throw: whatever arrives from a broker is hostile until it verifies. */
export function createNodeWords(roster: Roster, primitives: Primitives): NodeWords {
  const keys = new Map(roster.nodes.map((node) => [toHex(node.nodeId), node.transportKey]))

  function read<T extends { nodeId: Uint8Array }>(
    type: CoseType,
    bytes: Uint8Array,
    decode: (payload: Uint8Array) => T,
  ): T | null {
    try {
      const object = parseSign1(type, bytes)
      const word = decode(object.payload)
      const key = keys.get(toHex(word.nodeId))
      return key && verifySign1(object, key, primitives) ? word : null
    } catch {
      return null
    }
  }

  return {
    ack: (bytes) => read('assay/ack/1', bytes, decodeAck),
    epochNotice: (bytes) => read('assay/epoch/1', bytes, decodeEpochNotice),
  }
}
