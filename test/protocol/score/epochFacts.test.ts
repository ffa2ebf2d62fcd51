import t from 'tap'
import { type EpochFacts, emptyEpochFacts, observe, observeEvent } from '#protocol/score/epochFacts'
import { CHS1 } from '#protocol/score/methodology'
import { ABSENT, errorCell, FORBIDDEN, UNSUPPORTED, valueCell } from '#protocol/wire/cell'
import { BLIND_ROW, DC_ROW, type Row } from '../../fixtures/score/epochs.ts'

const empty = () => emptyEpochFacts({ n: 10, startS: 6000, lengthS: 600, served: true })

function seen(rows: readonly Row[], late = false): EpochFacts {
  const facts = empty()
  rows.forEach((row, i) => {
    observe(facts, row, { atS: 6000 + i, late }, CHS1)
  })
  return facts
}

t.test('rows are counted by presence and lateness', async (t) => {
  const facts = seen([DC_ROW, BLIND_ROW, {}, { ...BLIND_ROW, fanSpeedPct: valueCell(1) }])
  t.strictSame(facts.samples, { fresh: 2, late: 0 }, 'a row without a value is no sample')
  t.equal(facts.lastFreshS, 6003)
  const late = seen([DC_ROW], true)
  t.strictSame([late.samples, late.lastFreshS], [{ fresh: 0, late: 1 }, 0])
  t.equal(late.metrics.eccCorrectedAggregateTotal?.max, 7, 'condition counts all the same')
})

t.test('sample times are clamped to their epoch', async (t) => {
  for (const [atS, wanted] of [
    [1, 6000],
    [6300, 6300],
    [9_999_999, 6600],
  ] as const) {
    const facts = empty()
    observe(facts, DC_ROW, { atS, late: false }, CHS1)
    t.equal(facts.lastFreshS, wanted)
  }
})

t.test('counters keep extremes, falls and why values are missing', async (t) => {
  const cells = [
    valueCell(5),
    valueCell(9),
    valueCell(8),
    UNSUPPORTED,
    FORBIDDEN,
    ABSENT,
    errorCell(3),
    valueCell(-1),
  ]
  const facts = seen(cells.map((cell) => ({ remappedRowsCorrected: cell })))
  t.strictSame(facts.metrics.remappedRowsCorrected, {
    count: 3,
    min: 5,
    max: 9,
    last: 8,
    falls: 1,
    unsupported: 1,
    forbidden: 1,
    absent: 1,
    error: 2,
  })
})

t.test('heat: the margin decides, else the limits of the epoch, else nothing', async (t) => {
  const hot = (...rows: Row[]) => {
    const { judged, met } = seen(rows).hot
    return [judged, met]
  }
  const at = (c: number): Row => ({ temperatureGpuC: valueCell(c) })
  t.strictSame(hot({ temperatureMarginC: valueCell(5) }, { temperatureMarginC: valueCell(6) }), [2, 1])
  t.strictSame(
    hot({ ...at(99), temperatureMarginC: valueCell(30), temperatureSlowdownC: valueCell(90) }),
    [1, 0],
  )
  t.strictSame(hot(at(99)), [0, 0], 'no limit, no verdict')
  t.strictSame(
    hot({ ...at(50), temperatureSlowdownC: valueCell(90) }, at(85), at(84)),
    [3, 1],
    'limits are read less often',
  )
  t.strictSame(hot({ ...at(83), temperatureGpuMaxC: valueCell(83) }), [1, 1])
  t.strictSame(hot({ ...at(10), temperatureSlowdownC: valueCell(-2) }), [0, 0], 'an offset is no temperature')
  t.strictSame(hot({ temperatureMemoryC: valueCell(91), temperatureMemoryMaxC: valueCell(95) }), [1, 1])
})

t.test('slowdown: hardware, thermal and power-brake bits, not the power cap', async (t) => {
  const slow = (mask: number) => seen([{ clocksEventReasons: valueCell(mask) }]).slow.met
  t.strictSame([0x8, 0x20, 0x40, 0x80].map(slow), [1, 1, 1, 1])
  t.strictSame([0, 0x1, 0x2, 0x4, 0x10, 0x100, 2 ** 40].map(slow), [0, 0, 0, 0, 0, 0, 0])
  t.equal(slow(2 ** 40 + 0x40), 1)
  t.equal(seen([{ clocksEventReasons: UNSUPPORTED }]).slow.judged, 0)
})

t.test('utilization outside 0 to 100 is no utilization', async (t) => {
  const facts = seen([-1, 0, 50, 100, 101].map((pct) => ({ utilizationGpuPct: valueCell(pct) })))
  t.strictSame(facts.use, { count: 3, sum: 150 })
})

t.test('events are copied', async (t) => {
  const facts = empty()
  const detail = [79, 0]
  observeEvent(facts, { name: 'xid', detail })
  detail[0] = 1
  t.strictSame(facts.events, [{ name: 'xid', detail: [79, 0] }])
})
