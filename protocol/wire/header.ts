import { sameBytes } from '../bytes.ts'
import type { Primitives } from '../primitives.ts'
import { protoError } from '../protoErrors.ts'
import { type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import { MAX_VALUE } from './cell.ts'
import { payloadHash } from './cose.ts'
import { MAX_EVIDENCE, MAX_ROWS, MAX_SEGMENTS, MAX_TOMBSTONES } from './limits.ts'
import { asArray, asBytes, asList, asOneOf, asUint, asVersion1 } from './shape.ts'
import { byteSink, readVarints, sinkBytes, writeVarint } from './varint.ts'

/** Kinds of log entry. `source` is a source entry (PROTOCOL §4); `rotation` replaces the telemetry key. */
export const ENTRY_KINDS = ['batch', 'event', 'evidence', 'rotation', 'source'] as const
export type EntryKind = (typeof ENTRY_KINDS)[number]

/** Spool classes, in the order in which a full spool gives them up last. */
export const SPOOL_CLASSES = ['telemetry', 'event', 'evidence'] as const
export type SpoolClass = (typeof SPOOL_CLASSES)[number]
/** Why an entry was given up without M acks. */
export const DROP_REASONS = ['quota', 'damaged', 'superseded'] as const
export type DropReason = (typeof DROP_REASONS)[number]

/** produced = acked + spooled + the sum of dropped: the conservation law, as the agent sees it when it signs. */
export type Counters = {
  readonly produced: number
  readonly acked: number
  readonly spooled: number
  readonly dropped: readonly {
    readonly class: SpoolClass
    readonly reason: DropReason
    readonly count: number
  }[]
}

/** A place in an agent's log. Order is (boot, seq). */
export type Position = { readonly boot: number; readonly seq: number }

/** Entries given up, told in a later header so that the gap is known and the chain still links. */
export type Tombstone = {
  readonly from: Position
  readonly to: Position
  readonly firstPrev: Uint8Array
  readonly lastHash: Uint8Array
  readonly reason: DropReason
}

/** The signed head of every log entry (PROTOCOL §4). Hashes and ids are 32 bytes; times are milliseconds. */
export type Header = {
  readonly agentId: Uint8Array
  readonly kid: Uint8Array
  readonly boot: number
  readonly seq: number
  /** Hash of the entry before; 32 zero bytes for the first of all. */
  readonly prev: Uint8Array
  readonly kind: EntryKind
  /** Newest epoch that M nodes announced identically, or null before the first. */
  readonly epoch: { readonly n: number; readonly id: Uint8Array } | null
  readonly t0: number
  readonly period: number
  /**
   * Sample times as milliseconds after t0, one per row of every telemetry segment. Whole numbers in any order: a host
   * clock may be set back between two samples.
   */
  readonly times: readonly number[]
  readonly segments: readonly Uint8Array[]
  readonly evidence: readonly Uint8Array[]
  readonly counters: Counters
  readonly tombstones: readonly Tombstone[]
}

/**
 * The payload bytes of a header. `kid` is left out when it is the agent id; dropped rows are sorted.
 * @throws AssayError PROTO_SHAPE for a number that is not whole or out of range
 */
export function encodeHeader(header: Header): Uint8Array {
  const times = byteSink(2 * header.times.length + 8)
  let before = 0
  for (const time of header.times) {
    writeVarint(times, checkedTime(time) - before)
    before = time
  }
  const { produced, acked, spooled, dropped } = header.counters
  return encodeCbor([
    1,
    header.agentId,
    sameBytes(header.kid, header.agentId) ? null : header.kid,
    header.boot,
    header.seq,
    header.prev,
    ENTRY_KINDS.indexOf(header.kind),
    header.epoch ? [header.epoch.n, header.epoch.id] : null,
    header.t0,
    header.period,
    sinkBytes(times),
    [...header.segments],
    [...header.evidence],
    [
      produced,
      acked,
      spooled,
      [...dropped]
        .sort((a, b) => dropOrder(a) - dropOrder(b))
        .map((d) => [SPOOL_CLASSES.indexOf(d.class), DROP_REASONS.indexOf(d.reason), d.count]),
    ],
    header.tombstones.map((t) => [
      t.from.boot,
      t.from.seq,
      t.to.boot,
      t.to.seq,
      t.firstPrev,
      t.lastHash,
      DROP_REASONS.indexOf(t.reason),
    ]),
  ])
}

/**
 * The header of its payload bytes.
 * @throws AssayError PROTO_CBOR, PROTO_SHAPE or PROTO_LIMIT
 */
export function decodeHeader(payload: Uint8Array): Header {
  const p = asArray(decodeCbor(payload), 'header', 15)
  asVersion1(p[0])
  const agentId = asBytes(p[1], 'header.agentId', 32)
  const kid = p[2] === null ? agentId : asBytes(p[2], 'header.kid', 32)
  if (p[2] !== null && sameBytes(kid, agentId))
    throw protoError('PROTO_SHAPE', {
      field: 'header.kid',
      found: 'the agent id',
      wanted: 'null in its place',
    })
  const epoch = p[7] === null ? null : asArray(p[7], 'header.epoch', 2)
  return {
    agentId,
    kid,
    boot: asUint(p[3], 'header.boot'),
    seq: asUint(p[4], 'header.seq'),
    prev: asBytes(p[5], 'header.prev', 32),
    kind: asOneOf(ENTRY_KINDS, p[6], 'header.kind'),
    epoch: epoch && { n: asUint(epoch[0], 'header.epoch.n'), id: asBytes(epoch[1], 'header.epoch.id', 32) },
    t0: asUint(p[8], 'header.t0'),
    period: asUint(p[9], 'header.period'),
    times: decodeTimes(asBytes(p[10], 'header.times')),
    segments: digests(p[11], 'header.segments', MAX_SEGMENTS),
    evidence: digests(p[12], 'header.evidence', MAX_EVIDENCE),
    counters: decodeCounters(p[13]),
    tombstones: asList(p[14], 'header.tombstones', MAX_TOMBSTONES).map(decodeTombstone),
  }
}

/** Hash of a header payload: the id of an entry and what the next one links to. It covers no signature. */
export function headerHash(payload: Uint8Array, sha256: Primitives['sha256']): Uint8Array {
  return payloadHash('assay/header/1', payload, sha256)
}

/** Order of two log positions. */
export function comparePositions(a: Position, b: Position): number {
  return a.boot - b.boot || a.seq - b.seq
}

function digests(value: CborValue | undefined, field: string, most: number): Uint8Array[] {
  return asList(value, field, most).map((digest) => asBytes(digest, field, 32))
}

function decodeTimes(bytes: Uint8Array): number[] {
  const times = readVarints(bytes)
  if (times.length > MAX_ROWS)
    throw protoError('PROTO_LIMIT', {
      field: 'header.times',
      found: times.length,
      wanted: `at most ${MAX_ROWS}`,
    })
  let sum = 0
  for (let i = 0; i < times.length; i++) {
    sum += times[i] as number
    times[i] = checkedTime(sum)
  }
  return times
}

function checkedTime(time: number): number {
  if (Number.isInteger(time) && Math.abs(time) <= MAX_VALUE) return time
  throw protoError('PROTO_SHAPE', { field: 'header.times', found: time, wanted: `±${MAX_VALUE}` })
}

/** Place of a dropped row: one row per class and reason, ascending. */
function dropOrder(row: Counters['dropped'][number]): number {
  return SPOOL_CLASSES.indexOf(row.class) * DROP_REASONS.length + DROP_REASONS.indexOf(row.reason)
}

function decodeCounters(value: CborValue | undefined): Counters {
  const c = asArray(value, 'header.counters', 4)
  const dropped = asArray(c[3], 'header.counters.dropped').map((item) => {
    const d = asArray(item, 'header.counters.dropped', 3)
    return {
      class: asOneOf(SPOOL_CLASSES, d[0], 'dropped.class'),
      reason: asOneOf(DROP_REASONS, d[1], 'dropped.reason'),
      count: asUint(d[2], 'dropped.count'),
    }
  })
  for (let i = 1; i < dropped.length; i++)
    if (dropOrder(dropped[i - 1] as never) >= dropOrder(dropped[i] as never))
      throw protoError('PROTO_SHAPE', {
        field: 'header.counters.dropped',
        wanted: 'one row per class and reason, ascending',
      })
  return {
    produced: asUint(c[0], 'header.counters.produced'),
    acked: asUint(c[1], 'header.counters.acked'),
    spooled: asUint(c[2], 'header.counters.spooled'),
    dropped,
  }
}

function decodeTombstone(value: CborValue): Tombstone {
  const t = asArray(value, 'header.tombstones', 7)
  return {
    from: { boot: asUint(t[0], 'tombstone.from'), seq: asUint(t[1], 'tombstone.from') },
    to: { boot: asUint(t[2], 'tombstone.to'), seq: asUint(t[3], 'tombstone.to') },
    firstPrev: asBytes(t[4], 'tombstone.firstPrev', 32),
    lastHash: asBytes(t[5], 'tombstone.lastHash', 32),
    reason: asOneOf(DROP_REASONS, t[6], 'tombstone.reason'),
  }
}
