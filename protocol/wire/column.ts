import { protoError } from '../protoErrors.ts'
import type { CborValue } from './cbor.ts'
import { ABSENT, type Cell, errorCell, FORBIDDEN, MAX_VALUE, UNSUPPORTED } from './cell.ts'
import { asArray, asBytes, asInt, asUint } from './shape.ts'
import { byteSink, readVarints, sinkBytes, writeVarint } from './varint.ts'

/**
 * One metric over the rows of a segment, in the one of four forms that fits:
 * an integer (that value in every row); a byte string (zigzag varints: first value, then differences; a value in every
 * row, not all the same); [code] (that presence in every row); [codes, values] (one varint code per row, not all the
 * same, then the values of the rows with code 0, as differences). Codes: 0 value, 1 unsupported, 2 forbidden, 3 absent,
 * 16 + e error e. At least one row.
 * @throws AssayError PROTO_SHAPE for no row, or a value or error code that does not fit (see `cell.ts`)
 */
export function encodeColumn(cells: readonly Cell[]): CborValue {
  const first = cells[0]
  if (!first) throw protoError('PROTO_SHAPE', { field: 'column', found: 'no row', wanted: 'at least one' })
  const codes = cells.map(presenceCode)
  const values = cells.flatMap((cell) => (cell.presence === 'value' ? [checkedValue(cell.value)] : []))
  const code = codes[0] as number
  if (allSame(codes)) {
    if (code !== 0) return [code]
    return allSame(values) ? (values[0] as number) : deltas(values)
  }
  const sink = byteSink(cells.length + 8)
  for (const each of codes) writeVarint(sink, each)
  return [sinkBytes(sink), deltas(values)]
}

/**
 * The cells of a column, exactly `rows` of them. Equal rows of a constant column are one object.
 * @throws AssayError PROTO_SHAPE when it is not the one form that {@link encodeColumn} gives to these cells
 */
export function decodeColumn(column: CborValue | undefined, rows: number): Cell[] {
  if (rows < 1) throw protoError('PROTO_SHAPE', { field: 'column', found: 'no row', wanted: 'at least one' })
  if (typeof column === 'number')
    return new Array<Cell>(rows).fill({
      presence: 'value',
      value: checkedValue(asInt(column, 'column.value')),
    })
  if (column instanceof Uint8Array) {
    const values = undelta(column)
    if (values.length !== rows) throw wrongRows(values.length, rows)
    if (allSame(values)) throw wrongForm('a constant column as differences')
    return values.map((value) => ({ presence: 'value', value }))
  }
  const parts = asArray(column, 'column')
  if (parts.length === 1) return new Array<Cell>(rows).fill(absence(asUint(parts[0], 'column.code')))
  asArray(parts, 'column', 2)
  const codes = readVarints(asBytes(parts[0], 'column.codes'))
  if (codes.length !== rows) throw wrongRows(codes.length, rows)
  if (allSame(codes)) throw wrongForm('a constant presence as a list')
  const values = undelta(asBytes(parts[1], 'column.values'))
  const valued = codes.reduce((count, code) => (code === 0 ? count + 1 : count), 0)
  if (valued !== values.length) throw wrongRows(values.length, valued)
  let used = 0
  return codes.map((code) =>
    code === 0 ? { presence: 'value', value: values[used++] as number } : absence(code),
  )
}

function presenceCode(cell: Cell): number {
  if (cell.presence === 'value') return 0
  if (cell.presence === 'unsupported') return 1
  if (cell.presence === 'forbidden') return 2
  if (cell.presence === 'absent') return 3
  if (errorCell(cell.code).code !== cell.code)
    throw protoError('PROTO_SHAPE', { field: 'cell.code', found: cell.code, wanted: '0 to 2^32 - 1' })
  return 16 + cell.code
}

/** The cell of a code other than 0. */
function absence(code: number): Cell {
  if (code === 1) return UNSUPPORTED
  if (code === 2) return FORBIDDEN
  if (code === 3) return ABSENT
  const cell = errorCell(code - 16)
  if (code >= 16 && cell.code === code - 16) return cell
  throw protoError('PROTO_SHAPE', {
    field: 'column.code',
    found: code,
    wanted: '1, 2, 3 or 16 to 2^32 + 15, and 0 only beside other codes',
  })
}

function checkedValue(value: number): number {
  if (Number.isInteger(value) && value <= MAX_VALUE && value >= -MAX_VALUE) return value + 0
  throw protoError('PROTO_SHAPE', { field: 'cell.value', found: value, wanted: `±${MAX_VALUE}` })
}

function allSame(values: readonly number[]): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false
  return true
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
    values[i] = checkedValue(sum)
  }
  return values
}

function wrongForm(found: string): Error {
  return protoError('PROTO_SHAPE', { field: 'column', found, wanted: 'the shortest form' })
}

function wrongRows(found: number, wanted: number): Error {
  return protoError('PROTO_SHAPE', { field: 'column', found: `${found} rows`, wanted: `${wanted} rows` })
}
