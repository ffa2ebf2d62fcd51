import fc from 'fast-check'
import t from 'tap'
import { PROBE_CODES } from '#probes/probeCodes'
import { ABSENT, type Cell, errorCell, valueCell } from '#protocol/wire/cell'
import { METRICS, type MetricName, metricByName } from '#protocol/wire/metrics'
import { decodeSegment } from '#protocol/wire/segment'
import { createBatchBuilder, type Row, type RowDevice } from '../../../agent/sampler/batchBuilder.ts'
import { createProbeSupervisor } from '../../../agent/sampler/probeSupervisor.ts'
import { createTicker } from '../../../agent/sampler/ticker.ts'
import { createFakeClock } from '../helpers/fakeClock.ts'
import { createFakeProbe, type FakeProbe } from '../helpers/fakeProbe.ts'

t.test('ticks do not drift, do not overlap, and are not caught up', async (t) => {
  const clock = createFakeClock()
  const beats: number[] = []
  let lasts = 0
  let running = 0
  const ticker = createTicker(1000, clock, async () => {
    running++
    if (running > 1) t.fail('two at once')
    beats.push(clock.monotonic())
    await new Promise<void>((resolve) => clock.after(lasts, resolve))
    running--
  })
  ticker.start()
  lasts = 130
  await clock.advance(5000)
  t.same(beats, [0, 1000, 2000, 3000, 4000, 5000], 'at the beat, however long each took')
  lasts = 2500
  await clock.advance(1000)
  lasts = 10
  await clock.advance(6000)
  t.same(beats.slice(6), [6000, 9000, 10_000, 11_000, 12_000])
  t.equal(ticker.skipped(), 2)
  void ticker.stop()
  await clock.advance(5000)
  t.equal(beats.length, 11)
  t.equal(clock.waiting, 0, 'no timer is left')
})

const ids = ['aa', 'bb', 'cc']
const expected = ids.map((assetIdHex) => ({
  assetIdHex,
  assetId: new Uint8Array(32).fill(Number.parseInt(assetIdHex, 16)),
}))
const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.integer({ min: -1000, max: 1_000_000 }).map(valueCell),
  fc.constant(ABSENT),
  fc.integer({ min: 0, max: 999 }).map(errorCell),
)
const names = METRICS.filter((metric) => metric.id < 200).map((metric) => metric.name as MetricName)
const cells = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...names.slice(0, 8)), cell), {
    selector: ([name]) => name,
    maxLength: 6,
  })
  .map((pairs) => Object.fromEntries(pairs) as Row['host'])
const row = fc.record({
  devices: fc.array(fc.option(fc.record({ cells, isProven: fc.boolean() }), { nil: null }), {
    minLength: 3,
    maxLength: 3,
  }),
  failure: fc.option(fc.constantFrom(901, 905), { nil: null }),
})

t.test(
  'every row of every asset comes back as it was read; what was not read is never a value',
  async (t) => {
    await fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 200, max: 4000 }),
        (rows, maxBytes) => {
          const builder = createBatchBuilder(maxBytes)
          rows.forEach((each, i) => {
            const devices = new Map<string, RowDevice>()
            each.devices.forEach((device, d) => {
              const known = expected[d]
              if (device && known) devices.set(known.assetIdHex, { ...device, assetId: known.assetId })
            })
            builder.add(
              { atMs: 1000 * i + 7, devices, host: { devicesFound: valueCell(3) }, failure: each.failure },
              expected,
            )
          })
          const entries = builder.take(10_000)
          let at = 0
          for (const entry of entries) {
            const segments = entry.segments.map((bytes) => decodeSegment(bytes, entry.times.length))
            const subjects = segments.map((segment) =>
              segment.subject ? String(segment.subject[0]) : 'host',
            )
            if (new Set(subjects).size !== subjects.length) return false
            if (segments.length !== 4) return false
            for (const [r, time] of entry.times.entries()) {
              const source = rows[at++]
              if (!source || entry.t0 + time !== 1000 * (at - 1) + 7) return false
              for (const [d, known] of expected.entries()) {
                const segment = segments.find((s) => s.subject?.[0] === known.assetId[0])
                if (segment?.kind !== 'telemetry' || segment.columns.length === 0) return false
                const given = source.failure === null ? source.devices[d] : null
                for (const { metric, cells: column } of segment.columns) {
                  const name = METRICS.find((m) => m.id === metric)?.name as MetricName
                  const found = column[r]
                  const read = given?.cells[name]
                  const isValue = read?.presence === 'value' && given?.isProven === true
                  if ((found?.presence === 'value') !== isValue) return false
                  if (isValue && found?.presence === 'value' && found.value !== read.value) return false
                  if (source.failure !== null && found?.presence === 'error' && found.code !== source.failure)
                    return false
                }
                for (const name of Object.keys(given?.cells ?? {}) as MetricName[])
                  if (!segment.columns.some((column) => column.metric === metricByName(name).id)) return false
              }
            }
          }
          return at === rows.length && builder.rows === 0
        },
      ),
      { numRuns: 300 },
    )
    t.pass('300 batches')
  },
)

t.test('more devices than one entry may list are split, each asset once', async (t) => {
  const many = Array.from({ length: 250 }, (_, i) => ({
    assetIdHex: String(i),
    assetId: new Uint8Array(32).fill(i),
  }))
  const builder = createBatchBuilder()
  const devices = new Map(
    many.map(({ assetIdHex, assetId }) => [
      assetIdHex,
      { assetId, cells: { powerDrawW: valueCell(1) }, isProven: true },
    ]),
  )
  builder.add({ atMs: 5, devices, host: { devicesFound: valueCell(250) }, failure: null }, many)
  const entries = builder.take(1000)
  t.same(
    entries.map((entry) => entry.segments.length),
    [121, 120, 10],
  )
})

t.test('more rows than one header may list are split', async (t) => {
  const builder = createBatchBuilder()
  for (let i = 0; i < 10_000; i++)
    builder.add({ atMs: 5 + i, devices: new Map(), host: { devicesFound: valueCell(0) }, failure: null }, [])
  const entries = builder.take(1000)
  t.ok(entries.every((entry) => entry.times.length <= 4096))
  t.equal(
    entries.reduce((sum, entry) => sum + entry.times.length, 0),
    10_000,
  )
})

t.test('a source that hangs is given up after the deadline and started anew', async (t) => {
  const clock = createFakeClock()
  const probes: FakeProbe[] = []
  const faults: string[] = []
  const supervisor = createProbeSupervisor({
    open: () => {
      const probe = createFakeProbe(1)
      probes.push(probe)
      return probe
    },
    clock,
    deadlineMs: 10_000,
    onEvent: () => {},
    onFault: (error) => faults.push((error as Error).message),
  })
  t.ok(await supervisor.start())
  t.equal((await supervisor.sample()).failure, null)
  const [first] = probes as [FakeProbe]
  first.isHung = true
  const hung = supervisor.sample()
  await clock.advance(10_000)
  t.same(await hung, { snapshot: null, failure: PROBE_CODES.stuck })
  t.same(faults, ['no reading within 10000 ms'])
  t.equal((await supervisor.sample()).failure, PROBE_CODES.givenUp, 'not before the pause is over')
  await clock.advance(5000)
  t.equal((await supervisor.sample()).failure, null)
  t.equal(probes.length, 2)
  await supervisor.stop()
})

t.test('a source that is not there is tried again, slower and slower', async (t) => {
  const clock = createFakeClock()
  let opened = 0
  const supervisor = createProbeSupervisor({
    open: () => {
      opened++
      throw Object.assign(new Error('no driver'), { code: 'AGENT_PROBE_NVML_DRIVER' })
    },
    clock,
    deadlineMs: 1000,
    onEvent: () => {},
    onFault: () => {},
  })
  t.notOk(await supervisor.start())
  for (let second = 0; second < 600; second++) {
    await clock.advance(1000)
    t.equal((await supervisor.sample()).failure, PROBE_CODES.givenUp)
  }
  t.ok(opened >= 10 && opened <= 20, `${opened} tries in ten minutes`)
  t.match(supervisor.lastFault(), { code: 'AGENT_PROBE_NVML_DRIVER' })
  t.notOk(supervisor.isRunning())
})
