import { protoError } from '../protoErrors.ts'
import type { CborValue } from './cbor.ts'
import { ABSENT, type Cell, errorCell, FORBIDDEN, UNSUPPORTED, valueCell } from './cell.ts'
import { asArray, asBytes, asUint } from './shape.ts'
import { byteSink, readVarints, sinkBytes, writeVarint } from './varint.ts'

/**
 * One metric over the rows of a segment, in the shortest of four forms:
 * an integer (that value in every row); a byte string (zigzag varints: first value, then differences, no gaps);
 * [code] (that presence in every row); [codes, values] (one varint code per row, then the values of rows with code 0).
 */
export function encodeColumn(cells: readonly Cell[]): CborValue {
  const codes = cells.map(presenceCode)
  const first = codes[0] ?? 3
  const values = cells.flatMap((cell) => (cell.presence === 'value' ? [cell.value] : []))
  if (codes.every((code) => code === first)) {
    if (first !== 0) return [first]
    const value = values[0] as number
    return values.every((each) => each === value) ? value : deltas(values)
  }
  const sink = byteSink(cells.length + 8)
  for (const code of codes) writeVarint(sink, code)
  return [sinkBytes(sink), deltas(values)]
}

/**
 * The cells of a column, exactly `rows` of them.
 * @throws AssayError PROTO_SHAPE when it is not one of the four forms, or not the shortest one
 */
export function decodeColumn(column: CborValue | undefined, rows: number): Cell[] {
  if (typeof column === 'number') {
    if (!Number.isSafeInteger(column))
      throw protoError('PROTO_SHAPE', { field: 'column', found: column, wanted: 'an integer' })
    return new Array<Cell>(rows).fill(valueCell(column))
  }
  if (column instanceof Uint8Array) {
    const values = undelta(column)
    if (values.length !== rows) throw wrongRows(values.length, rows)
    return values.map(valueCell)
  }
  const parts = asArray(column, 'column')
  if (parts.length === 1) return new Array<Cell>(rows).fill(cellOf(asUint(parts[0], 'column.code'), true))
  asArray(parts, 'column', 2)
  const codes = readVarints(asBytes(parts[0], 'column.codes'))
  const values = undelta(asBytes(parts[1], 'column.values'))
  if (codes.length !== rows) throw wrongRows(codes.length, rows)
  let used = 0
  const cells = codes.map((code) =>
    code === 0 ? valueCell(values[used++] ?? Number.NaN) : cellOf(code, false),
  )
  if (used !== values.length) throw wrongRows(values.length, used)
  return cells
}

function presenceCode(cell: Cell): number {
  if (cell.presence === 'value') return 0
  if (cell.presence === 'unsupported') return 1
  if (cell.presence === 'forbidden') return 2
  if (cell.presence === 'absent') return 3
  return 16 + cell.code
}

function cellOf(code: number, alone: boolean): Cell {
  if (code === 1) return UNSUPPORTED
  if (code === 2) return FORBIDDEN
  if (code === 3) return ABSENT
  if (code >= 16) return errorCell(code - 16)
  throw protoError('PROTO_SHAPE', {
    field: 'column.code',
    found: code,
    wanted: alone ? '1, 2, 3 or 16 and more' : '0, 1, 2, 3 or 16 and more',
  })
}

function deltas(values: readonly number[]): Uint8Array {
  const sink = byteSink(2 * values.length + 8)
  let before = 0
  for (const value of values) {
    writeVarint(sink, value - before)
    before = value
  }
  return sinkBytes(sink)
}

function undelta(bytes: Uint8Array): number[] {
  const values = readVarints(bytes)
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    sum += values[i] as number
    if (!Number.isSafeInteger(sum))
      throw protoError('PROTO_SHAPE', { field: 'column.values', found: 'more than 53 bits' })
    values[i] = sum
  }
  return values
}

function wrongRows(found: number, wanted: number): Error {
  return protoError('PROTO_SHAPE', { field: 'column', found: `${found} rows`, wanted: `${wanted} rows` })
}
