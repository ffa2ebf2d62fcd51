import { sha256 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '../bytes.ts'
import { decodeCanonical, encodeCbor } from './cbor.ts'
import { asArray, asBytes, asText, asUint, asVersion1 } from './shape.ts'

/** One oracle node: 20-byte report address, 65-byte P-256 transport key, base URL of its HTTP API. */
export type RosterNode = {
  readonly nodeId: Uint8Array
  readonly transportKey: Uint8Array
  readonly url: string
}

/** The nodes of a feed and their threshold M (PROTOCOL §1). Times are seconds of Unix time; 0 = open end. */
export type Roster = {
  readonly feedId: Uint8Array
  readonly configId: number
  readonly nodes: readonly RosterNode[]
  readonly threshold: number
  readonly validFrom: number
  readonly validTo: number
  /** Fingerprint of the roster before; 32 zero bytes for the first. */
  readonly previous: Uint8Array
}

/** Canonical bytes of a roster. */
export function encodeRoster(roster: Roster): Uint8Array {
  return encodeCbor([
    1,
    roster.feedId,
    roster.configId,
    roster.nodes.map((node) => [node.nodeId, node.transportKey, node.url]),
    roster.threshold,
    roster.validFrom,
    roster.validTo,
    roster.previous,
  ])
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeRoster(bytes: Uint8Array): Roster {
  const p = asArray(decodeCanonical(bytes), 'roster', 8)
  asVersion1(p[0])
  return {
    feedId: asBytes(p[1], 'roster.feedId', 32),
    configId: asUint(p[2], 'roster.configId'),
    nodes: asArray(p[3], 'roster.nodes').map((item) => {
      const node = asArray(item, 'roster.nodes', 3)
      return {
        nodeId: asBytes(node[0], 'node.nodeId', 20),
        transportKey: asBytes(node[1], 'node.transportKey', 65),
        url: asText(node[2], 'node.url', 512),
      }
    }),
    threshold: asUint(p[4], 'roster.threshold'),
    validFrom: asUint(p[5], 'roster.validFrom'),
    validTo: asUint(p[6], 'roster.validTo'),
    previous: asBytes(p[7], 'roster.previous', 32),
  }
}

/** What enrolment pins: SHA-256("assay/roster/1" ‖ canonical bytes). */
export function rosterFingerprint(roster: Roster): Uint8Array {
  return sha256(concat(utf8('assay/roster/1'), encodeRoster(roster)))
}

/** K = 2M - N: how many named ack lists must reach a log head or serve an epoch (PROTOCOL §6.4). At least 1. */
export function rosterQuorumK(roster: Pick<Roster, 'nodes' | 'threshold'>): number {
  return Math.max(1, 2 * roster.threshold - roster.nodes.length)
}
