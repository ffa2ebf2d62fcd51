import { crc32 } from 'node:zlib'
import { decodeCbor, encodeCbor } from '#protocol/wire/cbor'
import {
  DROP_REASONS,
  type DropReason,
  SPOOL_CLASSES,
  type SpoolClass,
  type Tombstone,
} from '#protocol/wire/header'
import { asArray, asBytes, asText, asUint } from '#protocol/wire/shape'
import type { SpoolHead } from './spool.ts'

/** How far one node has acked. */
export type NodeAck = { readonly nodeId: string; readonly ordinal: number; readonly hash: Uint8Array }

/** The accounting of the spool at one moment: enough to know after a kill what was acked, dropped and lost. */
export type SpoolState = {
  /** Rises with every save: the newest good state wins. */
  readonly generation: number
  readonly produced: number
  readonly acked: number
  readonly dropped: readonly { class: SpoolClass; reason: DropReason; count: number }[]
  /** Every entry up to here has M acks or was dropped. `hash` is that of this entry, null for none. */
  readonly ackedOrdinal: number
  readonly ackedHash: Uint8Array | null
  /** Per class: every entry of it up to this ordinal is acked or dropped. */
  readonly floors: Readonly<Record<SpoolClass, number>>
  readonly nodeAcks: readonly NodeAck[]
  readonly tombstones: readonly Tombstone[]
  readonly head: SpoolHead | null
}

/** The state of a spool that never held anything. */
export const EMPTY_STATE: SpoolState = {
  generation: 0,
  produced: 0,
  acked: 0,
  dropped: [],
  ackedOrdinal: 0,
  ackedHash: null,
  floors: { telemetry: 0, event: 0, evidence: 0 },
  nodeAcks: [],
  tombstones: [],
  head: null,
}

/** Length (4), CBOR, CRC-32 of the CBOR (4). */
export function encodeState(state: SpoolState): Uint8Array {
  const body = encodeCbor([
    1,
    state.generation,
    state.produced,
    state.acked,
    state.dropped.map((d) => [SPOOL_CLASSES.indexOf(d.class), DROP_REASONS.indexOf(d.reason), d.count]),
    state.ackedOrdinal,
    state.ackedHash,
    SPOOL_CLASSES.map((each) => state.floors[each]),
    state.nodeAcks.map((each) => [each.nodeId, each.ordinal, each.hash]),
    state.tombstones.map((t) => [
      t.from.boot,
      t.from.seq,
      t.to.boot,
      t.to.seq,
      t.firstPrev,
      t.lastHash,
      DROP_REASONS.indexOf(t.reason),
    ]),
    state.head && [state.head.boot, state.head.seq, state.head.hash],
  ])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(body.length, 0)
  out.set(body, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}

/** The state of its bytes, or undefined when they are damaged. */
export function decodeState(bytes: Uint8Array): SpoolState | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (buffer.length < 8) return undefined
  const length = buffer.readUInt32BE(0)
  if (length + 8 > buffer.length) return undefined
  const body = buffer.subarray(4, 4 + length)
  if (crc32(body) !== buffer.readUInt32BE(4 + length)) return undefined
  try {
    return readState(body)
  } catch {
    return undefined
  }
}

/** The newest of several states, or undefined when none is whole. */
export function newestState(candidates: readonly Uint8Array[]): SpoolState | undefined {
  let newest: SpoolState | undefined
  for (const bytes of candidates) {
    const state = decodeState(bytes)
    if (state && (!newest || state.generation > newest.generation)) newest = state
  }
  return newest
}

function readState(body: Uint8Array): SpoolState | undefined {
  const p = asArray(decodeCbor(new Uint8Array(body)), 'state', 11)
  if (p[0] !== 1) return undefined
  const floors = asArray(p[7], 'floors', SPOOL_CLASSES.length).map((each) => asUint(each, 'floors'))
  const head = p[10] === null ? null : asArray(p[10], 'head', 3)
  return {
    generation: asUint(p[1], 'generation'),
    produced: asUint(p[2], 'produced'),
    acked: asUint(p[3], 'acked'),
    dropped: asArray(p[4], 'dropped').map((item) => {
      const d = asArray(item, 'dropped', 3)
      return {
        class: SPOOL_CLASSES[asUint(d[0], 'class')] ?? 'telemetry',
        reason: DROP_REASONS[asUint(d[1], 'reason')] ?? 'damaged',
        count: asUint(d[2], 'count'),
      }
    }),
    ackedOrdinal: asUint(p[5], 'ackedOrdinal'),
    ackedHash: p[6] === null ? null : asBytes(p[6], 'ackedHash', 32),
    floors: { telemetry: floors[0] ?? 0, event: floors[1] ?? 0, evidence: floors[2] ?? 0 },
    nodeAcks: asArray(p[8], 'nodeAcks').map((item) => {
      const a = asArray(item, 'nodeAcks', 3)
      return {
        nodeId: asText(a[0], 'nodeId'),
        ordinal: asUint(a[1], 'ordinal'),
        hash: asBytes(a[2], 'hash', 32),
      }
    }),
    tombstones: asArray(p[9], 'tombstones').map((item) => {
      const t = asArray(item, 'tombstones', 7)
      return {
        from: { boot: asUint(t[0], 'from'), seq: asUint(t[1], 'from') },
        to: { boot: asUint(t[2], 'to'), seq: asUint(t[3], 'to') },
        firstPrev: asBytes(t[4], 'firstPrev', 32),
        lastHash: asBytes(t[5], 'lastHash', 32),
        reason: DROP_REASONS[asUint(t[6], 'reason')] ?? 'damaged',
      }
    }),
    head: head && {
      boot: asUint(head[0], 'head'),
      seq: asUint(head[1], 'head'),
      hash: asBytes(head[2], 'head', 32),
    },
  }
}
