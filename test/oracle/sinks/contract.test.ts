import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ABSENT, errorCell, valueCell } from '#protocol/wire/cell'
import { EVENTS } from '#protocol/wire/eventCodes'
import { metricByName } from '#protocol/wire/metrics'
import type { Segment } from '#protocol/wire/segment'
import { type AcceptedEntry, acceptedEntry } from '../../../oracle/ingest/acceptedEntry.ts'
import { createInfluxSink } from '../../../oracle/sinks/influxSink.ts'
import { createMemorySink } from '../../../oracle/sinks/memorySink.ts'
import type { Sink } from '../../../oracle/sinks/sink.ts'
import { noInflux, startInflux } from '../../helpers/influx.ts'
import { freePort } from '../../helpers/realServer.ts'
import { assetOf, createSignedLog, type SignedLog } from '../../helpers/signedLog.ts'

type Rows = Record<string, unknown>[]
type Setup = { sink: Sink; rows(measurement: string): Promise<Rows> }
type Teardown = { teardown(fn: () => unknown): unknown }

const POWER = metricByName('powerDrawW').id
const ENERGY = metricByName('energyTotalJ').id
const TEMPERATURE = metricByName('temperatureGpuC').id
const T0 = 1_700_000_000_000
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const sinks: Record<string, { skip: string | undefined; setup: (t: Teardown) => Promise<Setup> }> = {
  memory: {
    skip: undefined,
    async setup() {
      const sink = createMemorySink()
      return {
        sink,
        rows: async (measurement) =>
          sink
            .points()
            .filter((point) => point.measurement === measurement)
            .map((point) => ({ time: point.atMs, ...point.tags, ...point.fields })),
      }
    },
  },
  influx: {
    skip: noInflux(),
    async setup(t) {
      const influx = await startInflux()
      t.teardown(() => influx.stop())
      const sink = createInfluxSink({ url: `http://127.0.0.1:${influx.port}/assay` }, { retryMs: 50 })
      return {
        sink,
        rows: (measurement) => influx.query('assay', `SELECT * FROM "${measurement}" ORDER BY time`),
      }
    },
  },
}

/** An entry of `rows` seconds: power rising by 1 W a second, energy by 100 J, a temperature that fails at odd rows. */
async function batch(log: SignedLog, startS: number, rows: number): Promise<AcceptedEntry> {
  const segment: Segment = {
    kind: 'telemetry',
    salt: new Uint8Array(16),
    subject: assetOf(log.agentId, 0),
    columns: [
      { metric: POWER, cells: Array.from({ length: rows }, (_, i) => valueCell(1000 * (300 + i))) },
      { metric: ENERGY, cells: Array.from({ length: rows }, (_, i) => valueCell(1000 * 100 * (startS + i))) },
      {
        metric: TEMPERATURE,
        cells: Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? valueCell(50 + i) : errorCell(15))),
      },
      { metric: metricByName('fanSpeedPct').id, cells: new Array(rows).fill(ABSENT) },
    ].sort((a, b) => a.metric - b.metric),
  }
  const times = Array.from({ length: rows }, (_, i) => 1000 * i)
  const entry = await log.next({ t0: T0 + 1000 * startS, times }, [segment])
  return acceptedEntry(entry, Date.now(), 0)
}

for (const [name, { skip, setup }] of Object.entries(sinks)) {
  t.test(name, { skip: skip ?? false }, async (t) => {
    t.test('one point per accelerator and ten seconds: means of gauges, last of counters', async (t) => {
      const { sink, rows } = await setup(t)
      const log = createSignedLog()
      await sink.start()
      const entries = [await batch(log, 0, 10), await batch(log, 10, 10), await batch(log, 20, 5)]
      sink.accept(entries)
      sink.accept(entries)
      await sink.stop()
      const found = await rows('gpu')
      t.equal(found.length, 3, 'a repeated entry changes nothing')
      t.match(found[0], {
        time: T0,
        agent: log.agentHex,
        asset: hex(assetOf(log.agentId, 0)),
        samples: 10,
        powerDrawW: 304.5,
        energyTotalJ: 900,
        temperatureGpuC: 54,
      })
      t.match(found[2], { time: T0 + 20_000, samples: 5, powerDrawW: 302 })
      t.ok(
        found.every((row) => row.fanSpeedPct === undefined || row.fanSpeedPct === null),
        'what was not measured is left out',
      )
      t.match(sink.stats(), { points: 3, written: 3, dropped: 0, queued: 0, entries: 6, entriesDropped: 0 })
    })

    t.test('events and host readings', async (t) => {
      const { sink, rows } = await setup(t)
      const log = createSignedLog()
      await sink.start()
      const xid: Segment = {
        kind: 'event',
        salt: new Uint8Array(16),
        subject: assetOf(log.agentId, 0),
        event: EVENTS.xid.id,
        atMs: T0 + 5,
        detail: [79, 0],
      }
      const host: Segment = {
        kind: 'telemetry',
        salt: new Uint8Array(16),
        subject: null,
        columns: [{ metric: metricByName('devicesFound').id, cells: [valueCell(8)] }],
      }
      const entry = await log.next({ kind: 'event', t0: T0 }, [xid, host])
      sink.accept([acceptedEntry(entry, 0, 0)])
      await sink.stop()
      t.match(await rows('event'), [
        {
          time: T0 + 5,
          name: 'xid',
          asset: hex(assetOf(log.agentId, 0)),
          detail: '79,0',
          count: 1,
          header: hex(entry.hash),
        },
      ])
      t.match(await rows('host'), [{ time: T0, agent: log.agentHex, devicesFound: 8 }])
    })

    t.test('an entry with a verdict gives no point', async (t) => {
      const { sink, rows } = await setup(t)
      const log = createSignedLog()
      await sink.start()
      const good = await batch(log, 0, 1)
      const bad = await batch(log, 10, 1)
      sink.accept([good, acceptedEntry(bad.entry, 0, 1)])
      await sink.stop()
      t.equal((await rows('gpu')).length, 1)
    })
  })
}

t.test(
  'influx away, killed and back: nothing waits for it, the queue is bounded and counted',
  { skip: noInflux() ?? false },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'assay-influx-'))
    const port = await freePort()
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const errors: Error[] = []
    const sink = createInfluxSink(
      { url: `http://127.0.0.1:${port}/assay` },
      { retryMs: 20, maxPoints: 5, onError: (error) => errors.push(error) },
    )
    await sink.start()
    t.teardown(() => sink.stop())
    const log = createSignedLog()
    const some = async (from: number, count: number) => {
      const entries: AcceptedEntry[] = []
      for (let i = 0; i < count; i++) entries.push(await batch(log, 10 * (from + i), 1))
      const begin = performance.now()
      sink.accept(entries)
      return performance.now() - begin
    }
    t.ok((await some(0, 10)) < 50, 'accept returns at once')
    await until(() => sink.stats().retries > 0 && sink.stats().points === 9)
    t.match(sink.stats(), { queued: 5, dropped: 4, written: 0 })
    t.match(errors, [{ code: 'ORACLE_SINK' }])
    t.equal(errors.length, 1, 'told once, not at every try')

    const first = await startInflux({ port, folder })
    await until(() => sink.stats().written === 5)
    await first.stop('SIGKILL')
    await some(10, 2)
    await until(() => sink.stats().queued === 2 && sink.stats().lastError !== null)
    const second = await startInflux({ port, folder })
    t.teardown(() => second.stop())
    await until(() => sink.stats().queued === 0)
    t.equal((await second.query('assay', 'SELECT count(samples) FROM gpu'))[0]?.count, 7)

    await second.query('assay', 'DROP DATABASE assay')
    await some(12, 2)
    await until(() => sink.stats().written === 9)
    t.equal((await second.query('assay', 'SELECT count(samples) FROM gpu'))[0]?.count, 2, 'made again')

    // A field has one type per shard: these points fall into the same one.
    await second.query('assay', 'DROP MEASUREMENT gpu')
    await fetch(`http://127.0.0.1:${port}/write?db=assay`, {
      method: 'POST',
      body: `gpu samples="text" ${T0}000000`,
    })
    const dropped = sink.stats().dropped
    await some(14, 2)
    await until(() => sink.stats().dropped === dropped + 2)
    t.match(
      sink.stats().lastError,
      /conflict/,
      'what the database refuses for good is dropped, counted and told',
    )
    const { points, written, queued, dropped: lost } = sink.stats()
    t.equal(points, written + lost + queued)
  },
)

t.test('more entries than the queue takes are dropped and counted', async (t) => {
  const sink = createMemorySink({ maxEntries: 3 })
  const log = createSignedLog()
  const entries: AcceptedEntry[] = []
  for (let i = 0; i < 5; i++) entries.push(await batch(log, 10 * i, 1))
  sink.accept(entries)
  t.match(sink.stats(), { entries: 5, entriesDropped: 2 })
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
}
