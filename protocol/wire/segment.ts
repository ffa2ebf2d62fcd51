import { protoError } from '../protoErrors.ts'
import { type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import type { Cell } from './cell.ts'
import { decodeColumn, encodeColumn } from './column.ts'
import { MAX_CELLS, MAX_COLUMNS, MAX_DETAILS, MAX_ROWS } from './limits.ts'
import { asArray, asBytes, asInt, asList, asUint } from './shape.ts'

/** Telemetry of one device (subject = assetId) or of the host (subject = null): one column per metric id. */
export type TelemetrySegment = {
  readonly kind: 'telemetry'
  readonly salt: Uint8Array
  readonly subject: Uint8Array | null
  /** Ascending metric ids; every column has one cell per sample time of the header. */
  readonly columns: readonly { readonly metric: number; readonly cells: readonly Cell[] }[]
}

/** One event of one device or of the host. `detail` means what `eventCodes.ts` says. */
export type EventSegment = {
  readonly kind: 'event'
  readonly salt: Uint8Array
  readonly subject: Uint8Array | null
  readonly event: number
  readonly atMs: number
  readonly detail: readonly number[]
}

/** What a header lists by digest (PROTOCOL §4); each can be shown and verified without the others. */
export type Segment = TelemetrySegment | EventSegment

const KIND_TELEMETRY = 0
const KIND_EVENT = 1

/** The bytes of a segment; their SHA-256 is what the header lists. */
export function encodeSegment(segment: Segment): Uint8Array {
  if (segment.kind === 'event') {
    return encodeCbor([
      KIND_EVENT,
      segment.salt,
      segment.subject,
      segment.event,
      segment.atMs,
      [...segment.detail],
    ])
  }
  const flat: CborValue[] = []
  for (const { metric, cells } of segment.columns) flat.push(metric, encodeColumn(cells))
  return encodeCbor([KIND_TELEMETRY, segment.salt, segment.subject, flat])
}

/**
 * The segment of its bytes; `rows` is the number of sample times of the header that lists it.
 * @throws AssayError PROTO_CBOR, PROTO_SHAPE or PROTO_LIMIT
 */
export function decodeSegment(bytes: Uint8Array, rows: number): Segment {
  if (rows > MAX_ROWS)
    throw protoError('PROTO_LIMIT', { field: 'rows', found: rows, wanted: `at most ${MAX_ROWS}` })
  const parts = asArray(decodeCbor(bytes), 'segment')
  const kind = asUint(parts[0], 'segment.kind')
  const salt = asBytes(parts[1], 'segment.salt', 16)
  const subject = parts[2] === null ? null : asBytes(parts[2], 'segment.subject', 32)
  if (kind === KIND_EVENT) {
    asArray(parts, 'segment', 6)
    return {
      kind: 'event',
      salt,
      subject,
      event: asUint(parts[3], 'segment.event'),
      atMs: asUint(parts[4], 'segment.atMs'),
      detail: asList(parts[5], 'segment.detail', MAX_DETAILS).map((item) => asInt(item, 'segment.detail')),
    }
  }
  if (kind !== KIND_TELEMETRY)
    throw protoError('PROTO_SHAPE', { field: 'segment.kind', found: kind, wanted: '0 or 1' })
  asArray(parts, 'segment', 4)
  const flat = asList(parts[3], 'segment.columns', 2 * MAX_COLUMNS)
  if (flat.length % 2 !== 0)
    throw protoError('PROTO_SHAPE', {
      field: 'segment.columns',
      found: flat.length,
      wanted: 'pairs of metric id and column',
    })
  if (rows < 1)
    throw protoError('PROTO_SHAPE', { field: 'segment', found: 'no sample time', wanted: 'at least one' })
  if ((flat.length / 2) * rows > MAX_CELLS)
    throw protoError('PROTO_LIMIT', {
      field: 'segment.columns',
      found: (flat.length / 2) * rows,
      wanted: `at most ${MAX_CELLS} cells`,
    })
  const columns: { metric: number; cells: Cell[] }[] = []
  let before = -1
  for (let i = 0; i < flat.length; i += 2) {
    const metric = asUint(flat[i], 'segment.metric')
    if (metric <= before)
      throw protoError('PROTO_SHAPE', {
        field: 'segment.metric',
        found: metric,
        wanted: `more than ${before}`,
      })
    before = metric
    columns.push({ metric, cells: decodeColumn(flat[i + 1], rows) })
  }
  return { kind: 'telemetry', salt, subject, columns }
}
