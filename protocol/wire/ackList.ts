import { compareBytes } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { asArray, asBytes, asUint, asVersion1 } from './shape.ts'

/** How far one log is durable and gapless at a node. `logId` is the agent id (or a source id). */
export type LogHead = {
  readonly logId: Uint8Array
  readonly boot: number
  readonly seq: number
  readonly hash: Uint8Array
}

/** Two agent-signed headers at one (boot, seq): self-contained proof of a fork. */
export type ForkProof = {
  readonly logId: Uint8Array
  readonly first: Uint8Array
  readonly second: Uint8Array
}

/** A node's observation of one epoch, signed as `assay/acklist/1` when it closes the epoch (PROTOCOL §6.1). */
export type AckList = {
  readonly feedId: Uint8Array
  readonly configId: number
  readonly n: number
  readonly nodeId: Uint8Array
  /** Ascending by logId. */
  readonly heads: readonly LogHead[]
  /** Existing epochs after the parent in which this node was ingesting, ascending. */
  readonly served: readonly number[]
  readonly forks: readonly ForkProof[]
}

/** Payload bytes of an ack list. Heads and forks are sorted; served epochs must already ascend. */
export function encodeAckList(list: AckList): Uint8Array {
  const heads = list.heads.toSorted((a, b) => compareBytes(a.logId, b.logId))
  const forks = list.forks.toSorted(compareForks)
  return encodeCbor([
    1,
    list.feedId,
    list.configId,
    list.n,
    list.nodeId,
    heads.map((h) => [h.logId, h.boot, h.seq, h.hash]),
    [...list.served],
    forks.map((f) => [f.logId, f.first, f.second]),
  ])
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE, also when heads, served epochs or forks are out of order or twice */
export function decodeAckList(payload: Uint8Array): AckList {
  const p = asArray(decodeCbor(payload), 'ackList', 8)
  asVersion1(p[0])
  const heads = asArray(p[5], 'ackList.heads').map((item) => {
    const h = asArray(item, 'ackList.heads', 4)
    return {
      logId: asBytes(h[0], 'head.logId', 32),
      boot: asUint(h[1], 'head.boot'),
      seq: asUint(h[2], 'head.seq'),
      hash: asBytes(h[3], 'head.hash', 32),
    }
  })
  const served = asArray(p[6], 'ackList.served').map((n) => asUint(n, 'ackList.served'))
  const forks = asArray(p[7], 'ackList.forks').map((item) => {
    const f = asArray(item, 'ackList.forks', 3)
    return {
      logId: asBytes(f[0], 'fork.logId', 32),
      first: asBytes(f[1], 'fork.first'),
      second: asBytes(f[2], 'fork.second'),
    }
  })
  requireAscending(heads, (a, b) => compareBytes(a.logId, b.logId), 'ackList.heads')
  requireAscending(served, (a, b) => a - b, 'ackList.served')
  requireAscending(forks, compareForks, 'ackList.forks')
  return {
    feedId: asBytes(p[1], 'ackList.feedId', 32),
    configId: asUint(p[2], 'ackList.configId'),
    n: asUint(p[3], 'ackList.n'),
    nodeId: asBytes(p[4], 'ackList.nodeId', 20),
    heads,
    served,
    forks,
  }
}

function compareForks(a: ForkProof, b: ForkProof): number {
  return compareBytes(a.logId, b.logId) || compareBytes(a.first, b.first) || compareBytes(a.second, b.second)
}

function requireAscending<T>(items: readonly T[], compare: (a: T, b: T) => number, field: string): void {
  for (let i = 1; i < items.length; i++)
    if (compare(items[i - 1] as T, items[i] as T) >= 0)
      throw protoError('PROTO_SHAPE', {
        field,
        found: `item ${i} out of order`,
        wanted: 'strictly ascending',
      })
}
