import t from 'tap'
import { EVENTS, eventNameById } from '#protocol/wire/eventCodes'
import { METRICS, metricById, metricByName } from '#protocol/wire/metrics'

const unique = (items: readonly unknown[]) => new Set(items).size === items.length

t.test('metrics', async (t) => {
  t.ok(unique(METRICS.map((metric) => metric.id)), 'no wire id twice')
  t.ok(unique(METRICS.map((metric) => metric.name)), 'no name twice')
  t.ok(
    METRICS.every((m, i) => i === 0 || METRICS[i - 1]!.id < m.id),
    'ascending, so that an id is found by eye',
  )
  for (const metric of METRICS) {
    t.equal(metricById(metric.id), metric)
    t.equal(metricByName(metric.name), metric)
  }
  t.equal(metricById(9999), undefined, 'an id of a newer dictionary is no error')
  const unitless = METRICS.filter(
    ({ name, kind }) =>
      kind === 'gauge' &&
      !/(Pct|Bytes|W|J|C|MHz|Us|S|Ratio|Count|Instances|Max|High|Partial|Low|None)$/.test(name),
  )
  t.same(unitless, [], 'every gauge has its unit in its name')
})

t.test('events', async (t) => {
  const rows = Object.entries(EVENTS)
  t.ok(unique(rows.map(([, row]) => row.id)), 'no wire id twice')
  for (const [name, row] of rows) t.equal(eventNameById(row.id), name)
  t.equal(eventNameById(9999), undefined)
})
