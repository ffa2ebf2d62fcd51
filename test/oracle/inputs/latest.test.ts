import t from 'tap'
import { ABSENT, errorCell, valueCell } from '#protocol/wire/cell'
import { EVENTS } from '#protocol/wire/eventCodes'
import { metricByName } from '#protocol/wire/metrics'
import type { Segment } from '#protocol/wire/segment'
import type { Archive } from '../../../oracle/archive/archive.ts'
import { createMemoryArchive } from '../../../oracle/archive/memoryArchive.ts'
import { newEntry } from '../../../oracle/archive/newEntry.ts'
import { acceptedEntry } from '../../../oracle/ingest/acceptedEntry.ts'
import { enrolAgent } from '../../../oracle/ingest/enrol.ts'
import { createLatest } from '../../../oracle/inputs/latest.ts'
import { enrolmentOf } from '../../helpers/enrolLog.ts'
import { createSignedLog, primitives, type SignedLog } from '../../helpers/signedLog.ts'

const FEED = new Uint8Array(32).fill(5)
const T0 = 1_700_000_000_000
const POWER = metricByName('powerDrawW').id
const FAN = metricByName('fanSpeedPct').id
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

async function setup(ringBytesPerAsset?: number) {
  let now = T0
  const archive = createMemoryArchive()
  archive.start()
  const log = createSignedLog()
  const assets = await enrol(archive, log, 2)
  const make = () =>
    createLatest({ archive, now: () => now, ...(ringBytesPerAsset ? { ringBytesPerAsset } : {}) })
  const latest = make()
  const put = async (segments: Segment[], t0: number, verdict = 0, from = log) => {
    const entry = await from.next({ t0, times: [0, 1000] }, segments)
    archive.appendBatch([newEntry(entry, t0 + 5, verdict)])
    latest.accept([acceptedEntry(entry, t0 + 5, verdict)])
    return entry
  }
  const pass = (ms: number) => {
    now += ms
  }
  return { archive, log, latest, make, put, assets: assets as [Uint8Array, Uint8Array], pass }
}

async function enrol(archive: Archive, log: SignedLog, devices: number): Promise<Uint8Array[]> {
  const { cose, assetIds } = await enrolmentOf(log, FEED, devices)
  enrolAgent({ archive, feedId: FEED, policy: { kind: 'loopback' }, clock: () => T0, primitives }, cose, {
    loopback: true,
  })
  return assetIds
}

const power = (subject: Uint8Array | null, watts: number): Segment => ({
  kind: 'telemetry',
  salt: new Uint8Array(16),
  subject,
  columns: [
    { metric: POWER, cells: [valueCell(1000 * watts), valueCell(1000 * (watts + 1))] },
    { metric: FAN, cells: [ABSENT, errorCell(3)] },
  ],
})

t.test('the newest row of an asset, with what was not measured as such', async (t) => {
  const { latest, put, assets, log } = await setup()
  t.equal(latest.asset(hex(assets[0])), undefined, 'nothing yet')
  await put([power(assets[0], 300), power(null, 5)], T0)
  const entry = await put([power(assets[0], 400), power(assets[1], 500)], T0 + 10_000)
  t.match(latest.asset(hex(assets[0])), {
    assetId: hex(assets[0]),
    agentId: log.agentHex,
    atMs: T0 + 11_000,
    receivedAtMs: T0 + 10_005,
    headerHash: hex(entry.hash),
    boot: 1,
    seq: 1,
    metrics: {
      powerDrawW: { value: 401, presence: 'value' },
      fanSpeedPct: { value: null, presence: 'error' },
    },
  })
  t.same(new Set(latest.assets()), new Set(assets.map(hex)))
  t.match(latest.host(log.agentHex), { metrics: { powerDrawW: { value: 6 } } })
  t.equal(latest.asset(log.agentHex), undefined, 'a host is no asset')
})

t.test('only the enrolled agent speaks for an asset; entries with a verdict are no reading', async (t) => {
  const { latest, put, assets, archive, pass } = await setup()
  await put([power(assets[0], 300)], T0)
  const rival = createSignedLog()
  await enrol(archive, rival, 1)
  await put([power(assets[0], 1)], T0 + 10_000, 0, rival)
  pass(5_000)
  await put([power(assets[0], 2)], T0 + 20_000, 0, rival)
  await put([power(assets[0], 3)], T0 + 30_000, 1)
  t.equal(latest.asset(hex(assets[0]))?.metrics.powerDrawW?.value, 301)
  t.equal(latest.foreign(), 2)
})

t.test('an asset that was enrolled later counts from then on', async (t) => {
  const { latest, put, archive, log, pass } = await setup()
  const { assetIds, cose } = await enrolmentOf(log, FEED, 3)
  const third = assetIds[2] as Uint8Array
  await put([power(third, 1)], T0)
  t.equal(latest.asset(hex(third)), undefined)
  enrolAgent({ archive, feedId: FEED, policy: { kind: 'loopback' }, clock: () => T0, primitives }, cose, {
    loopback: true,
  })
  pass(2_000)
  await put([power(third, 2)], T0 + 10_000)
  t.equal(latest.asset(hex(third))?.metrics.powerDrawW?.value, 3)
})

t.test('charts: thinned evenly, newest included, from the archive where memory does not reach', async (t) => {
  const { latest, put, assets } = await setup(200)
  for (let i = 0; i < 30; i++) await put([power(assets[0], 100 + i)], T0 + 10_000 * i)
  const id = hex(assets[0])
  const recent = latest.series(id, ['powerDrawW', 'fanSpeedPct'], T0 + 290_000, 100)
  t.same(recent, {
    times: [T0 + 290_000, T0 + 291_000],
    series: { powerDrawW: [129, 130], fanSpeedPct: [null, null] },
  })
  const whole = latest.series(id, ['powerDrawW'], T0, 1000)
  t.equal(whole.times.length, 60)
  t.same(whole.series.powerDrawW?.slice(0, 4), [100, 101, 101, 102])
  const thin = latest.series(id, ['powerDrawW'], T0, 7)
  t.ok(thin.times.length <= 7 && thin.times.length >= 4)
  t.equal(thin.times.at(-1), T0 + 291_000)
  t.same(latest.series('ab'.repeat(32), ['powerDrawW'], T0, 5), { times: [], series: { powerDrawW: [] } })
})

t.test('a restart shows what was last known; what comes again is not taken twice', async (t) => {
  const { put, assets, make, archive } = await setup()
  await put([power(assets[0], 300)], T0)
  const entry = await put([power(assets[0], 310)], T0 + 10_000)
  const again = make()
  t.equal(again.asset(hex(assets[0]))?.metrics.powerDrawW?.value, 311)
  again.accept([acceptedEntry(entry, T0, 0)])
  t.equal(again.series(hex(assets[0]), ['powerDrawW'], T0, 100).times.length, 4)
  t.ok(archive.head(entry.header.agentId))
})

t.test('events, newest first, at most twenty', async (t) => {
  const { latest, put, assets, log } = await setup()
  for (let i = 0; i < 25; i++)
    await put(
      [
        {
          kind: 'event',
          salt: new Uint8Array(16),
          subject: i % 5 === 0 ? null : assets[0],
          event: EVENTS.xid.id,
          atMs: T0 + i,
          detail: [i, 0],
        },
      ],
      T0 + 1000 * i,
    )
  const events = latest.events(hex(assets[0]))
  t.equal(events.length, 20)
  t.match(events[0], { name: 'xid', atMs: T0 + 24, detail: [24, 0] })
  t.equal(latest.events(log.agentHex).length, 5)
  t.same(latest.events('00'), [])
})
