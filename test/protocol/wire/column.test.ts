import fc from 'fast-check'
import t from 'tap'
import { sameBytes } from '#protocol/bytes'
import { type CborValue, decodeCbor, encodeCbor } from '#protocol/wire/cbor'
import { type Cell, errorCell, MAX_VALUE, OUT_OF_RANGE, UNSUPPORTED, valueCell } from '#protocol/wire/cell'
import { decodeColumn, encodeColumn } from '#protocol/wire/column'
import { byteSink, readVarints, sinkBytes, writeVarint } from '#protocol/wire/varint'
import { holds } from '../../fixtures/property.ts'
import { throwsCode, valueOrCoded } from '../../fixtures/throwsCode.ts'
import { columns, ints, mutate, mutations } from '../../fixtures/wireValues.ts'

function varints(values: readonly number[]): Uint8Array {
  const sink = byteSink(1)
  for (const value of values) writeVarint(sink, value)
  return sinkBytes(sink)
}

t.test('varints', async (t) => {
  await holds(t, 'come back', fc.array(ints, { maxLength: 200 }), (values) => {
    if (readVarints(varints(values)).join() !== values.join()) throw new Error('another list')
  })
  await holds(
    t,
    'have one encoding',
    fc.uint8Array({ maxLength: 12 }),
    (bytes) => {
      const read = valueOrCoded(() => readVarints(bytes))
      if ('value' in read && !sameBytes(varints(read.value), bytes)) throw new Error('a second encoding')
    },
    3000,
  )
  t.same(varints([0, -1, 1, -2, 63, -64, 64]), [0, 1, 2, 3, 126, 127, 128, 1], 'are zigzag LEB128')
  t.equal(varints([Number.MAX_SAFE_INTEGER]).length, 8, 'take at most eight bytes')
  throwsCode(t, () => readVarints(Uint8Array.of(0x80)), 'PROTO_SHAPE', 'truncated')
  throwsCode(t, () => readVarints(Uint8Array.of(0x80, 0x00)), 'PROTO_SHAPE', 'overlong')
  throwsCode(t, () => readVarints(new Uint8Array(9).fill(0xff)), 'PROTO_SHAPE', 'nine bytes')
  throwsCode(
    t,
    () => readVarints(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127)),
    'PROTO_SHAPE',
    '55 bits',
  )
  throwsCode(t, () => varints([2 ** 53]), 'PROTO_SHAPE', 'an unsafe integer')
  throwsCode(t, () => varints([0.5]), 'PROTO_SHAPE', 'a fraction')
})

t.test('columns', async (t) => {
  const sized = fc.integer({ min: 1, max: 80 }).chain((rows) => columns(rows))
  await holds(t, 'come back', sized, (cells) => {
    const column = decodeCbor(encodeCbor(encodeColumn(cells)))
    if (fc.stringify(decodeColumn(column, cells.length)) !== fc.stringify(cells))
      throw new Error('other cells')
  })
  await holds(
    t,
    'have one encoding',
    fc.tuple(sized, mutations),
    ([cells, mutation]) => {
      const bytes = mutate(encodeCbor(encodeColumn(cells)), mutation)
      const column = valueOrCoded(() => decodeCbor(bytes))
      if ('error' in column) return
      const read = valueOrCoded(() => decodeColumn(column.value, cells.length))
      if ('value' in read && !sameBytes(encodeCbor(encodeColumn(read.value)), bytes))
        throw new Error('a second encoding')
    },
    3000,
  )
})

t.test('forms', async (t) => {
  const value = (n: number) => valueCell(n)
  t.equal(encodeColumn([value(7), value(7)]), 7, 'constant value: the integer')
  t.same(encodeColumn([value(7), value(5)]), Uint8Array.of(14, 3), 'values: first, then differences')
  t.same(encodeColumn([UNSUPPORTED, UNSUPPORTED]), [1], 'constant absence: its code')
  t.same(encodeColumn([errorCell(15), errorCell(15)]), [31], 'constant error: 16 more than its code')
  t.same(
    encodeColumn([value(7), UNSUPPORTED, value(7)]),
    [Uint8Array.of(0, 2, 0), Uint8Array.of(14, 0)],
    'mixed',
  )
  const refused: [string, CborValue | undefined, number][] = [
    ['nothing', undefined, 2],
    ['text', 'x', 2],
    ['null', null, 2],
    ['no row', 5, 0],
    ['a constant as differences', varints([7, 0]), 2],
    ['one value as differences', varints([7]), 1],
    ['a constant presence as a list', [varints([1, 1]), new Uint8Array(0)], 2],
    ['all values as a mixed column', [varints([0, 0]), varints([1, 1])], 2],
    ['too few rows', varints([1, 2]), 3],
    ['too many rows', varints([1, 2, 3]), 2],
    ['a value without a row', [varints([0, 1]), varints([1, 1])], 2],
    ['a row without a value', [varints([0, 1]), new Uint8Array(0)], 2],
    ['the code of a value alone', [0], 2],
    ['a code that means nothing', [4], 2],
    ['a negative code', [varints([0, -1]), varints([1])], 2],
    ['an error code of 33 bits', [16 + 2 ** 32], 2],
    ['a value of 53 bits', MAX_VALUE + 1, 2],
    ['a sum of 53 bits', varints([MAX_VALUE, 1]), 2],
    ['three parts', [1, 2, 3], 2],
    ['a bigint', 2n ** 60n, 2],
  ]
  for (const [name, column, rows] of refused)
    throwsCode(t, () => decodeColumn(column, rows), 'PROTO_SHAPE', `refused: ${name}`)
  const foreign: [string, Cell[]][] = [
    ['no row', []],
    ['a fraction', [{ presence: 'value', value: 1.5 }]],
    ['more than 52 bits', [{ presence: 'value', value: 2 ** 52 }]],
    ['a negative error code', [{ presence: 'error', code: -1 }]],
  ]
  for (const [name, cells] of foreign)
    throwsCode(t, () => encodeColumn(cells), 'PROTO_SHAPE', `not encoded: ${name}`)
})

t.test('cells', async (t) => {
  t.same(valueCell(Number.NaN), errorCell(OUT_OF_RANGE), 'a value that is no whole number is an error')
  t.same(valueCell(1.5), errorCell(OUT_OF_RANGE))
  t.same(valueCell(2 ** 64), errorCell(OUT_OF_RANGE), 'and so is a 64-bit sentinel')
  t.ok(Object.is((valueCell(-0) as { value: number }).value, 0), 'minus zero is zero')
  t.same(errorCell(-110), errorCell(110), 'a negated errno keeps its magnitude')
  t.same(errorCell(Number.NaN), errorCell(OUT_OF_RANGE))
})
