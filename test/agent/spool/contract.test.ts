import fc from 'fast-check'
import t from 'tap'
import { toHex } from '#protocol/bytes'
import type { SpoolClass } from '#protocol/wire/header'
import { createSpool, type SpoolOptions } from '../../../agent/spool/createSpool.ts'
import { createDiskStore } from '../../../agent/spool/diskStore.ts'
import { createMemoryStore } from '../../../agent/spool/memoryStore.ts'
import type { SegmentStore } from '../../../agent/spool/segmentStore.ts'
import type { Spool } from '../../../agent/spool/spool.ts'
import { followLog, heldEntries, remainder } from '../helpers/linkLog.ts'
import { writeEntry, writerOn } from '../helpers/logFixture.ts'

const roomy: SpoolOptions = { quotas: { telemetry: 2 ** 24, event: 2 ** 24, evidence: 2 ** 24 } }
const NODES = ['aa', 'bb', 'cc']
const stores: [string, (t: { testdir(): string }) => () => SegmentStore][] = [
  ['disk', (t) => () => createDiskStore(t.testdir())],
  [
    'memory',
    () => {
      const store = createMemoryStore()
      return () => store
    },
  ],
]

async function opened(store: SegmentStore, options = roomy): Promise<Spool> {
  const spool = createSpool(store, options)
  await spool.start()
  await spool.setRoster(NODES, 2)
  return spool
}

for (const [name, storesOf] of stores) {
  t.test(`${name}: entries come back whole, in order, linked, over a restart`, async (t) => {
    const makeStore = storesOf(t)
    const store = makeStore()
    const spool = await opened(store)
    const writer = writerOn(spool)
    await writer.open({ boot: 1, prev: new Uint8Array(32) })
    const classes: SpoolClass[] = ['telemetry', 'event', 'telemetry', 'evidence', 'telemetry']
    for (const each of classes) await writeEntry(writer, each, 300)
    t.same(spool.next(0, 10), [1, 2, 3, 4, 5])
    t.same(spool.next(2, 2), [3, 4])
    const before = await heldEntries(spool)
    t.ok(followLog(before).isWhole)
    t.same((await spool.read(2))?.class, 'event')
    t.equal(await spool.read(99), null)
    await spool.stop()
    await t.rejects(spool.read(1), { code: 'AGENT_SPOOL_STATE' })
    const again = createSpool(store, roomy)
    const recovery = await again.start()
    t.equal(recovery.damagedBytes, 0)
    t.same(recovery.head && [recovery.head.boot, recovery.head.seq], [1, 4])
    t.same(
      (await heldEntries(again)).map((entry) => toHex(entry.hash)),
      before.map((entry) => toHex(entry.hash)),
    )
    t.equal(remainder(again), 0)
    await again.stop()
  })

  t.test(`${name}: an entry is forgotten when M distinct nodes of the roster have acked it`, async (t) => {
    const store = storesOf(t)()
    const spool = await opened(store)
    const writer = writerOn(spool)
    await writer.open({ boot: 7, prev: new Uint8Array(32) })
    for (let i = 0; i < 6; i++) await writeEntry(writer, i % 2 ? 'event' : 'telemetry')
    const entries = await heldEntries(spool)
    const ack = (node: string, seq: number) =>
      spool.acked(node, { boot: 7, seq }, entries[seq]?.hash ?? new Uint8Array(32))
    t.equal(await ack('aa', 3), 'noted')
    t.equal(spool.counters().acked, 0, 'one node is not enough')
    t.equal(await ack('aa', 5), 'noted', 'nor is one node twice')
    t.equal(await ack('dd', 5), 'noted', 'nor a node outside the roster')
    t.equal(spool.counters().acked, 0)
    t.equal(await ack('bb', 2), 'advanced')
    t.match(spool.counters(), { produced: 6, acked: 3, spooled: 3 })
    t.equal(await ack('bb', 1), 'known', 'acks never go back')
    t.equal(await spool.acked('cc', { boot: 7, seq: 4 }, new Uint8Array(32)), 'conflict')
    t.equal(await spool.acked('cc', { boot: 7, seq: 9 }, new Uint8Array(32)), 'ahead')
    t.equal(await spool.acked('cc', { boot: 8, seq: 0 }, new Uint8Array(32)), 'ahead')
    t.equal(await spool.acked('cc', { boot: 2, seq: 0 }, new Uint8Array(32)), 'known')
    t.match(spool.counters(), { produced: 6, acked: 3, spooled: 3 })
    await spool.stop()
    const again = await opened(store)
    t.match(again.counters(), { produced: 6, acked: 3, spooled: 3 }, 'acks survive a restart')
    t.equal(await again.acked('cc', { boot: 7, seq: 5 }, entries[5]?.hash as Uint8Array), 'advanced')
    t.match(again.counters(), { produced: 6, acked: 6, spooled: 0 }, 'with the ack of aa from before')
    t.equal(remainder(again), 0)
    await again.stop()
    const last = createSpool(store, roomy)
    t.match((await last.start()).head, { boot: 7, seq: 5 }, 'the head is known with nothing left')
    await last.stop()
  })

  t.test(`${name}: over quota the oldest telemetry goes into tombstones, events stay`, async (t) => {
    const options: SpoolOptions = { quotas: { telemetry: 64 * 1024, event: 2 ** 20, evidence: 2 ** 20 } }
    const store = storesOf(t)()
    const spool = createSpool(store, options)
    let thinned = 0
    await spool.start({ thinned: (entries) => (thinned += entries) })
    await spool.setRoster(NODES, 2)
    const writer = writerOn(spool)
    await writer.open({ boot: 1, prev: new Uint8Array(32) })
    for (let i = 0; i < 200; i++) await writeEntry(writer, i % 20 === 3 ? 'event' : 'telemetry', 1000)
    const held = await heldEntries(spool)
    t.equal(held.filter((entry) => entry.header.kind === 'event').length, 10, 'every event is held')
    t.ok(spool.bytesHeld().telemetry <= 64 * 1024)
    const dropped = spool.counters().dropped
    t.match(dropped, [{ class: 'telemetry', reason: 'quota' }])
    t.equal(dropped[0]?.count, thinned)
    t.equal(remainder(spool), 0)
    const followed = followLog(held, spool.pendingTombstones(1000))
    t.ok(followed.isWhole, 'with its tombstones the log links from its first entry to its last')
    t.ok(spool.carriers().length > 0, 'tombstones travel in later headers')
    await spool.stop()
    const again = await opened(store, options)
    t.same(again.counters(), { ...again.counters(), produced: 200 })
    t.equal(remainder(again), 0)
    t.ok(followLog(await heldEntries(again), again.pendingTombstones(1000)).isWhole)
    await again.stop()
  })

  t.test(`${name}: what is superseded is counted and stays away`, async (t) => {
    const store = storesOf(t)()
    const spool = await opened(store)
    const writer = writerOn(spool)
    await writer.open({ boot: 1, prev: new Uint8Array(32) })
    for (let i = 0; i < 4; i++) await writeEntry(writer, i === 1 ? 'event' : 'telemetry')
    await spool.supersede()
    await writer.open({ boot: 9, prev: new Uint8Array(32).fill(9) })
    await writeEntry(writer, 'telemetry')
    t.match(spool.counters(), { produced: 5, acked: 0, spooled: 1 })
    await spool.stop()
    const again = await opened(store)
    t.match(again.counters(), { produced: 5, acked: 0, spooled: 1 })
    t.equal(remainder(again), 0)
    await again.stop()
  })
}

t.test('disk and memory agree on any run of appends, acks and restarts', async (t) => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('append' as const),
      class: fc.constantFrom<SpoolClass>('telemetry', 'event'),
    }),
    fc.record({ do: fc.constant('ack' as const), node: fc.constantFrom(...NODES), at: fc.nat(30) }),
    fc.record({ do: fc.constant('restart' as const) }),
  )
  const options: SpoolOptions = { quotas: { telemetry: 8192, event: 8192, evidence: 8192 } }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const results: unknown[] = []
      for (const store of [createMemoryStore(), createDiskStore(t.testdir())]) {
        let spool = await opened(store, options)
        let boot = 1
        let writer = writerOn(spool)
        await writer.open({ boot, prev: new Uint8Array(32) })
        const log: unknown[] = []
        for (const each of steps) {
          if (each.do === 'append') await writeEntry(writer, each.class, 700)
          if (each.do === 'ack') {
            const read = await spool.read(each.at)
            const entry =
              read && (await heldEntries(spool)).find((e) => spool.ordinalOf(e.header) === each.at)
            if (entry) log.push(await spool.acked(each.node, entry.header, entry.hash))
          }
          if (each.do === 'restart') {
            await spool.stop()
            spool = await opened(store, options)
            writer = writerOn(spool)
            await writer.open({ boot: ++boot, prev: spool.head()?.hash ?? new Uint8Array(32) })
          }
          if (remainder(spool) !== 0) throw new Error(`remainder ${remainder(spool)}`)
        }
        const held = await heldEntries(spool)
        log.push(spool.counters(), spool.next(0, 100), held.length)
        await spool.stop()
        results.push(log)
      }
      t.same(results[0], results[1])
    }),
    { numRuns: 40 },
  )
})
