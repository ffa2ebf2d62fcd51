import fc from 'fast-check'
import type { CborValue } from '#protocol/wire/cbor'
import {
  ABSENT,
  type Cell,
  errorCell,
  FORBIDDEN,
  MAX_VALUE,
  UNSUPPORTED,
  valueCell,
} from '#protocol/wire/cell'
import { DROP_REASONS, ENTRY_KINDS, type Header, SPOOL_CLASSES } from '#protocol/wire/header'
import type { Segment } from '#protocol/wire/segment'

/** Plain objects, as decoders give them. */
export const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model, { noNullPrototype: true })

/** Unsigned safe integers, small and huge ones alike. */
export const uints = fc.oneof(
  fc.nat(30),
  fc.nat(70_000),
  fc.maxSafeNat(),
  fc.constantFrom(23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
)
/** Safe integers. */
export const ints = fc.oneof(
  uints,
  uints.map((n) => (n === 0 ? 0 : -n)),
)
export const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
/** Well-formed text, the byte order mark included. */
export const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('', '\ufeffbom', '\u0000', '💾', 'a'.repeat(300)),
)

/** Every kind of value that Assay's CBOR holds. */
export const cborValues: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    ints,
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 64n), max: -(2n ** 53n) }),
    texts,
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 30 }),
    fc
      .array(fc.tuple(fc.oneof(ints, texts), tie('value')), { maxLength: 8 })
      .map((entries) => new Map(entries)),
  ),
})).value

/** One changed, inserted, removed or cut byte of something. */
export const mutations = record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  byte: fc.nat(255),
  how: fc.constantFrom('flip', 'insert', 'remove', 'cut', 'append'),
})

/** Applies one of {@link mutations}; the result differs from `original` unless it is empty. */
export function mutate(
  original: Uint8Array,
  { at, byte, how }: { at: number; byte: number; how: string },
): Uint8Array {
  const place = Math.floor(at * original.length)
  const copy = [...original]
  if (how === 'flip') copy[place] = (copy[place] ?? 0) ^ (byte || 1)
  else if (how === 'insert') copy.splice(place, 0, byte)
  else if (how === 'remove') copy.splice(place, 1)
  else if (how === 'cut') copy.splice(place)
  else copy.push(byte)
  return Uint8Array.from(copy)
}

const values = fc.oneof(
  fc.integer({ min: -100, max: 100 }),
  fc.integer(),
  fc.maxSafeNat().map((n) => Math.min(n, MAX_VALUE)),
  fc.constantFrom(MAX_VALUE, -MAX_VALUE, 0, 63, 64, -64, -65),
)
export const cells: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 4, arbitrary: values.map(valueCell) },
  fc.constantFrom<Cell>(UNSUPPORTED, FORBIDDEN, ABSENT),
  fc.oneof(fc.nat(300), fc.constant(2 ** 32 - 1)).map(errorCell),
)
/** Columns of `rows` cells: constant, all values, and mixed. */
export const columns = (rows: number): fc.Arbitrary<Cell[]> =>
  fc.oneof(
    cells.map((cell) => new Array<Cell>(rows).fill(cell)),
    fc.array(values.map(valueCell), { minLength: rows, maxLength: rows }),
    fc.array(cells, { minLength: rows, maxLength: rows }),
  )

export const telemetry = (rows: number): fc.Arbitrary<Segment> =>
  record({
    kind: fc.constant('telemetry' as const),
    salt: bytes(16),
    subject: fc.option(bytes(32)),
    columns: fc
      .uniqueArray(uints, { maxLength: 12 })
      .chain((ids) =>
        fc.tuple(
          ...ids
            .sort((a, b) => a - b)
            .map((metric) => columns(rows).map((each) => ({ metric, cells: each }))),
        ),
      ),
  })
export const events: fc.Arbitrary<Segment> = record({
  kind: fc.constant('event' as const),
  salt: bytes(16),
  subject: fc.option(bytes(32)),
  event: uints,
  atMs: uints,
  detail: fc.array(ints, { maxLength: 16 }),
})

const position = record({ boot: uints, seq: uints })
const dropped = fc.uniqueArray(
  record({
    class: fc.constantFrom(...SPOOL_CLASSES),
    reason: fc.constantFrom(...DROP_REASONS),
    count: uints,
  }),
  { selector: (row) => `${row.class}/${row.reason}`, maxLength: 9 },
)
export const headers: fc.Arbitrary<Header> = bytes(32).chain((agentId) =>
  record({
    agentId: fc.constant(agentId),
    kid: fc.oneof(fc.constant(agentId), bytes(32)),
    boot: uints,
    seq: uints,
    prev: bytes(32),
    kind: fc.constantFrom(...ENTRY_KINDS),
    epoch: fc.option(record({ n: uints, id: bytes(32) })),
    t0: uints,
    period: uints,
    times: fc.array(fc.oneof(fc.integer(), fc.constantFrom(MAX_VALUE, -MAX_VALUE)), { maxLength: 60 }),
    segments: fc.array(bytes(32), { maxLength: 12 }),
    evidence: fc.array(bytes(32), { maxLength: 3 }),
    counters: record({ produced: uints, acked: uints, spooled: uints, dropped }),
    tombstones: fc.array(
      record({
        from: position,
        to: position,
        firstPrev: bytes(32),
        lastHash: bytes(32),
        reason: fc.constantFrom(...DROP_REASONS),
      }),
      { maxLength: 3 },
    ),
  }),
)
