import { sha256 } from '@noble/hashes/sha2.js'
import { concat, toHex, utf8 } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { asArray, asBytes, asList, asText, asUint, asVersion1 } from './shape.ts'

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

// A contract holds the signers of a report as a bitmap of 31 bits.
const MAX_NODES = 31

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

/**
 * The roster of its bytes: 1 to 31 nodes with distinct keys, and a threshold such that any two quorums share a node.
 * @throws AssayError PROTO_CBOR, PROTO_SHAPE or PROTO_LIMIT
 */
export function decodeRoster(bytes: Uint8Array): Roster {
  const p = asArray(decodeCbor(bytes), 'roster', 8)
  asVersion1(p[0])
  const nodes = asList(p[3], 'roster.nodes', MAX_NODES).map((item) => {
    const node = asArray(item, 'roster.nodes', 3)
    return {
      nodeId: asBytes(node[0], 'node.nodeId', 20),
      transportKey: asBytes(node[1], 'node.transportKey', 65),
      url: asText(node[2], 'node.url', 512),
    }
  })
  requireDistinct(
    nodes.map((node) => node.nodeId),
    'node.nodeId',
  )
  requireDistinct(
    nodes.map((node) => node.transportKey),
    'node.transportKey',
  )
  const threshold = asUint(p[4], 'roster.threshold')
  if (threshold > nodes.length || 2 * threshold <= nodes.length)
    throw protoError('PROTO_SHAPE', {
      field: 'roster.threshold',
      found: `${threshold} of ${nodes.length}`,
      wanted: 'more than half of the nodes and at most all',
    })
  return {
    feedId: asBytes(p[1], 'roster.feedId', 32),
    configId: asUint(p[2], 'roster.configId'),
    nodes,
    threshold,
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

function requireDistinct(values: readonly Uint8Array[], field: string): void {
  if (new Set(values.map(toHex)).size !== values.length)
    throw protoError('PROTO_SHAPE', { field, found: 'the same one twice', wanted: 'one per node' })
}
