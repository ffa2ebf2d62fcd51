import t, { type Test as Tap } from 'tap'
import { toHex } from '#protocol/bytes'
import type { LogWriter } from '../../../agent/log/logWriter.ts'
import { createSpool, type SpoolOptions } from '../../../agent/spool/createSpool.ts'
import { createDiskStore } from '../../../agent/spool/diskStore.ts'
import type { Spool } from '../../../agent/spool/spool.ts'
import { createFaultyFs, type FaultyFs } from '../helpers/faultyFs.ts'
import { followLog, heldEntries, remainder } from '../helpers/linkLog.ts'
import { randomOf, writeEntry, writerOn } from '../helpers/logFixture.ts'

const options: SpoolOptions = { quotas: { telemetry: 16 * 1024, event: 16 * 1024, evidence: 16 * 1024 } }
const NONE = new Uint8Array(32)

/** What was promised to be durable: hash by ordinal, and how far it was acked. */
type Promised = { hashes: Map<number, string>; produced: number; ackedOrdinal: number; dropped: number }

const droppedOf = (spool: Spool): number =>
  spool.counters().dropped.reduce((sum, each) => sum + each.count, 0)

/** A run of appends, acks and a restart; write faults are taken as an agent takes them. */
async function scenario(
  fs: FaultyFs,
  promised: Promised,
  onFault: () => void,
  writes = 24,
): Promise<{ spool: Spool; writer: LogWriter } | null> {
  let spool = createSpool(createDiskStore('/s', fs), options)
  let boot = 1
  const attempt = async (what: () => Promise<unknown>): Promise<boolean> => {
    try {
      await what()
      return true
    } catch (error) {
      if (!String((error as { code?: string }).code).startsWith('AGENT_')) throw error
      onFault()
      return false
    }
  }
  if (!(await attempt(() => spool.start()))) return null
  await spool.setRoster(['aa'], 1)
  let writer = writerOn(spool)
  await writer.open({ boot, prev: NONE })
  for (let i = 0; i < writes; i++) {
    await attempt(async () => {
      const ordinal = await writeEntry(writer, i % 6 === 1 ? 'event' : 'telemetry', 900)
      promised.hashes.set(ordinal, toHex(spool.head()?.hash ?? NONE))
      promised.produced = ordinal
      promised.dropped = droppedOf(spool)
    })
    if (i === 8) {
      const entry = (await heldEntries(spool))[1]
      if (entry) await spool.acked('aa', entry.header, entry.hash)
      promised.ackedOrdinal = spool.ackedOrdinal()
    }
    if (i === 14) {
      await spool.stop()
      spool = createSpool(createDiskStore('/s', fs), options)
      if (!(await attempt(() => spool.start()))) return null
      await spool.setRoster(['aa'], 1)
      writer = writerOn(spool)
      boot += 100
      await writer.open({ boot, prev: spool.head()?.hash ?? NONE })
    }
  }
  return { spool, writer }
}

/** After whatever happened: everything promised is held, acked or counted as dropped, and links. */
async function judge(t: Pick<Tap, 'fail'>, fs: FaultyFs, promised: Promised, where: string) {
  const spool = createSpool(createDiskStore('/s', fs), options)
  await spool.start()
  const held = await heldEntries(spool)
  const counters = spool.counters()
  if (remainder(spool) !== 0) t.fail(`${where}: remainder ${remainder(spool)}`, { counters })
  if (counters.produced < promised.produced) t.fail(`${where}: produced fell`, { counters, promised })
  const have = new Set(held.map((entry) => toHex(entry.hash)))
  let missing = 0
  for (const [ordinal, hash] of promised.hashes)
    if (!have.has(hash) && ordinal > spool.ackedOrdinal()) missing++
  if (missing > droppedOf(spool))
    t.fail(`${where}: ${missing} promised entries are gone uncounted`, { counters })
  const from = held[0] && toHex(held[0].header.prev)
  const pending = spool.pendingTombstones(1000)
  const first = pending[0] && toHex(pending[0].firstPrev)
  const isLinked = followLog(held, pending, from).isWhole || followLog(held, pending, first).isWhole
  if (!isLinked)
    t.fail(`${where}: does not link`, {
      pending: pending.map((p) => [p.from, p.to]),
      held: held.map((e) => [e.header.boot, e.header.seq]),
    })
  await spool.stop()
}

const nothing = (): Promised => ({ hashes: new Map(), produced: 0, ackedOrdinal: 0, dropped: 0 })

for (const code of ['EIO', 'ENOSPC']) {
  t.test(`${code} at every single file operation`, async (t) => {
    const clean = createFaultyFs()
    const done = await scenario(clean, nothing(), () => t.fail('no fault was planned'))
    await done?.spool.stop()
    const calls = clean.calls()
    let faults = 0
    for (let at = 1; at <= calls; at++) {
      const fs = createFaultyFs()
      const promised = nothing()
      fs.failAt(at, code)
      const run = await scenario(fs, promised, () => faults++)
      fs.failAt(null)
      await run?.spool.stop()
      await judge(t, fs, promised, `${code} at call ${at}`)
    }
    t.ok(calls > 80 && faults > 20, `${calls} operations, ${faults} refused writes`)
  })
}

t.test('power cut after any number of operations: what was promised is there', async (t) => {
  const seed = Number(process.env.ASSAY_SEED ?? Math.floor(Math.random() * 2 ** 31))
  t.comment(`seed ${seed}`)
  const random = randomOf(seed)
  for (let run = 0; run < 150; run++) {
    const fs = createFaultyFs()
    const promised = nothing()
    await scenario(fs, promised, () => {}, 1 + Math.floor(random() * 24))
    fs.cutPower(random)
    await judge(t, fs, promised, `run ${run}`)
  }
  t.pass('150 power cuts')
})

t.test(
  'a full disk: the newest entries win over old telemetry, counted; it recovers by itself',
  async (t) => {
    const fs = createFaultyFs()
    const spool = createSpool(createDiskStore('/s', fs), {
      quotas: { telemetry: 2 ** 16, event: 2 ** 16, evidence: 2 ** 16 },
    })
    let thinned = 0
    await spool.start({ thinned: (entries) => (thinned += entries) })
    const writer = writerOn(spool)
    await writer.open({ boot: 1, prev: NONE })
    for (let i = 0; i < 30; i++) await writeEntry(writer, 'telemetry', 1000)
    const used = [...fs.files.values()].reduce((sum, file) => sum + file.written.length, 0)
    fs.setCapacity(used + 100)
    for (let i = 0; i < 10; i++) await writeEntry(writer, 'event', 1000)
    t.ok(thinned > 0, `${thinned} old telemetry entries made room`)
    t.equal((await heldEntries(spool)).filter((entry) => entry.header.kind === 'event').length, 10)
    t.equal(remainder(spool), 0)
    fs.setCapacity(0)
    await t.rejects(
      (async () => {
        for (let i = 0; i < 40; i++) await writeEntry(writer, 'event', 5000)
      })(),
      { code: 'AGENT_SPOOL_FULL' },
    )
    const before = spool.counters().produced
    fs.setCapacity(Number.POSITIVE_INFINITY)
    await writeEntry(writer, 'telemetry', 1000)
    t.equal(spool.counters().produced, before + 1)
    t.equal(spool.head()?.boot, 1, 'a clean refusal does not cost the boot')
    t.equal(remainder(spool), 0)
    const held = await heldEntries(spool)
    t.ok(followLog(held, spool.pendingTombstones(1000), '0'.repeat(64)).isWhole)
    await spool.stop()
  },
)

t.test('a sync that fails burns its position: the next entry opens a new boot', async (t) => {
  const fs = createFaultyFs()
  const spool = createSpool(createDiskStore('/s', fs), options)
  await spool.start()
  const saved: number[] = []
  const writer = writerOn(spool, saved)
  await writer.open({ boot: 4, prev: NONE })
  await writeEntry(writer, 'telemetry')
  fs.failAt(2)
  await t.rejects(writeEntry(writer, 'telemetry'), { code: 'AGENT_SPOOL_WRITE' })
  await writeEntry(writer, 'telemetry')
  t.match(spool.head(), { boot: 5, seq: 0 })
  t.same(saved, [4, 5], 'and the boot was noted before it was used')
  t.ok(followLog(await heldEntries(spool), [], '0'.repeat(64)).isWhole)
  await spool.stop()
})
