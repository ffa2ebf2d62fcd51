import { randomBytes } from 'node:crypto'
import { ABSENT, type Cell, errorCell } from '#protocol/wire/cell'
import { MAX_ROWS } from '#protocol/wire/limits'
import { type MetricName, metricByName } from '#protocol/wire/metrics'
import { encodeSegment } from '#protocol/wire/segment'
import type { EntryDraft } from '../log/entryDraft.ts'
import { type ColumnTable, columnTable, putCell, sliceColumns } from './columnTable.ts'

type Cells = Readonly<Partial<Record<MetricName, Cell>>>

/** One asset in one row. Cells of a reading that does not prove which asset it is may only say what failed. */
export type RowDevice = { readonly assetId: Uint8Array; readonly cells: Cells; readonly isProven: boolean }

/** One tick: all devices at one time. */
export type Row = {
  readonly atMs: number
  readonly devices: ReadonlyMap<string, RowDevice>
  readonly host: Cells
  /** Set when the whole source failed: this code in every cell. */
  readonly failure: number | null
}

/** Collects rows until they are signed as one batch. */
export type BatchBuilder = {
  readonly rows: number
  /** Time of the first row, or null. */
  readonly startedAtMs: number | null
  /** Adds a row; its time must be later than the one before. */
  add(row: Row, expected: readonly { assetIdHex: string; assetId: Uint8Array }[]): void
  /** Empties the builder into entries of at most `maxBytes` of segments each, in time order. */
  take(period: number): EntryDraft[]
}

const MAX_BODY_BYTES = 200_000
const MAX_DEVICES = 120
/** Told about a device that has never answered in this run: that it gives no temperature. */
const LEAST_METRIC = metricByName('temperatureGpuC').id

/** An empty builder. */
export function createBatchBuilder(maxBytes = MAX_BODY_BYTES): BatchBuilder {
  let times: number[] = []
  let host = columnTable()
  let devices = new Map<string, { assetId: Uint8Array; table: ColumnTable }>()
  /** Metrics that each device once gave, so that its silence is told metric by metric. */
  const usual = new Map<string, Set<number>>()

  function fill(row: number, assetIdHex: string, assetId: Uint8Array, given: Row): void {
    let known = devices.get(assetIdHex)
    if (!known) {
      known = { assetId, table: columnTable() }
      devices.set(assetIdHex, known)
    }
    const metrics = usual.get(assetIdHex) ?? new Set<number>()
    usual.set(assetIdHex, metrics)
    const device = given.devices.get(assetIdHex)
    // A device that answers without a single metric says as little as one that does not answer.
    if (!device || given.failure !== null || Object.keys(device.cells).length === 0) {
      const cell = given.failure === null ? ABSENT : errorCell(given.failure)
      for (const metric of metrics.size > 0 ? metrics : [LEAST_METRIC])
        putCell(known.table, metric, row, cell)
      return
    }
    for (const [name, cell] of Object.entries(device.cells) as [MetricName, Cell][]) {
      const { id } = metricByName(name)
      metrics.add(id)
      putCell(known.table, id, row, device.isProven || cell.presence !== 'value' ? cell : ABSENT)
    }
  }

  function draft(from: number, to: number, ids: readonly string[], period: number): EntryDraft[] {
    const middle = (from + to) >> 1
    const halves = (): EntryDraft[] => [
      ...draft(from, middle, ids, period),
      ...draft(middle, to, ids, period),
    ]
    if (to - from > MAX_ROWS) return halves()
    const segments: Uint8Array[] = []
    for (const id of ids) {
      const { assetId, table } = devices.get(id) as { assetId: Uint8Array; table: ColumnTable }
      segments.push(segmentOf(assetId, table, from, to))
    }
    if (ids[0] === undefined || ids[0] === [...devices.keys()][0])
      segments.push(segmentOf(null, host, from, to))
    const bytes = segments.reduce((sum, segment) => sum + segment.length, 0)
    if (bytes > maxBytes && to - from > 1) return halves()
    const t0 = times[from] as number
    return [
      {
        kind: 'batch',
        class: 'telemetry',
        t0,
        period,
        times: times.slice(from, to).map((time) => time - t0),
        segments,
      },
    ]
  }

  return {
    get rows() {
      return times.length
    },
    get startedAtMs() {
      return times[0] ?? null
    },
    add(given, expected) {
      const row = times.length
      times.push(given.atMs)
      for (const { assetIdHex, assetId } of expected) fill(row, assetIdHex, assetId, given)
      for (const [name, cell] of Object.entries(given.host) as [MetricName, Cell][])
        putCell(host, metricByName(name).id, row, cell)
    },
    take(period) {
      if (times.length === 0) return []
      const ids = [...devices.keys()]
      const entries: EntryDraft[] = []
      for (let at = 0; at === 0 || at < ids.length; at += MAX_DEVICES)
        entries.push(...draft(0, times.length, ids.slice(at, at + MAX_DEVICES), period))
      times = []
      host = columnTable()
      devices = new Map()
      return entries
    },
  }
}

function segmentOf(subject: Uint8Array | null, table: ColumnTable, from: number, to: number): Uint8Array {
  return encodeSegment({
    kind: 'telemetry',
    salt: new Uint8Array(randomBytes(16)),
    subject,
    columns: sliceColumns(table, from, to),
  })
}
