import fc from 'fast-check'
import t from 'tap'
import { bytesText, durationText, grouped, shortId, utcText } from '../../dashboards/web/src/data/format.ts'
import { statusLook } from '../../dashboards/web/src/data/statusLook.ts'
import { withGaps } from '../../dashboards/web/src/parts/withGaps.ts'
import { href, route } from '../../dashboards/web/src/router.ts'

t.test('a line is never drawn across a time without readings', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ step: fc.integer({ min: 1, max: 50 }), value: fc.option(fc.integer()) }), {
        minLength: 3,
        maxLength: 60,
      }),
      (points) => {
        let at = 0
        const times = points.map(({ step }) => (at += 1000 * step))
        const values = points.map(({ value }) => value)
        const [x, y] = withGaps(times, values, 2)
        const steps = times.slice(1).map((time, i) => time - (times[i] as number))
        const usual = steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] as number
        const drawn = x.flatMap((time, i) => (y[i] === null ? [] : [{ time, i }]))
        const kept = drawn.length === values.filter((value) => value !== null).length
        const rising = x.every((time, i) => i === 0 || time > (x[i - 1] as number))
        const broken = drawn.every(({ time, i }, k) => {
          const before = drawn[k - 1]
          if (!before || (time - before.time) * 1000 <= 3 * usual) return true
          return y.slice(before.i + 1, i).includes(null)
        })
        return kept && rising && broken
      },
    ),
    { verbose: 1 },
  )
})

t.test('scaled values, and nulls where the node sent them', async (t) => {
  t.same(withGaps([1000, 2000, 3000], [2, null, 6], 2), [
    [1, 2, 3],
    [1, null, 3],
  ])
  t.same(withGaps([], [], 1), [[], []])
  t.same(withGaps([1000], [], 1), [[1], [null]], 'a time without a value is a gap, not a zero')
})

t.test('numbers and times as text', async (t) => {
  t.equal(grouped(1234567), '1\u202f234\u202f567')
  t.equal(grouped(412.25, 1), '412.3')
  t.equal(grouped(-1234), '-1\u202f234')
  t.same(bytesText(0), { value: '0', unit: 'B' })
  t.same(bytesText(61_203_283_968), { value: '57.0', unit: 'GiB' })
  t.same([0, 999, 1000, 119_999, 120_000, 7_200_000, 172_800_000].map(durationText), [
    'now',
    'now',
    '1 s',
    '119 s',
    '2 min',
    '2 h',
    '2 d',
  ])
  t.equal(durationText(-5), 'now', 'a clock that runs ahead shows no negative age')
  t.equal(utcText(1_800_000_000_000), '2027-01-15 08:00:00 UTC')
  t.equal(shortId(`0x${'ab'.repeat(32)}`), '0xababab…abab')
  t.equal(shortId('abc'), 'abc')
})

t.test('addresses of the page', async (t) => {
  const assetId = 'ab'.repeat(32)
  for (const to of [{ page: 'fleet' }, { page: 'rounds' }, { page: 'asset', assetId }] as const)
    t.same(route(href(to)), to)
  t.same(route('#/asset/<script>'), { page: 'fleet' })
  t.same(route(''), { page: 'fleet' })
})

t.test('only Healthy looks healthy', async (t) => {
  for (const code of [0, 2, 3, 4, 5, 6, 7, 8, -1, 255]) t.not(statusLook(code).tone, 'healthy')
  t.equal(statusLook(1).tone, 'healthy')
  t.equal(statusLook(99).tone, 'unknown')
})
