import t from 'tap'
import { toHex } from '#protocol/bytes'
import { createSpool, type SpoolOptions } from '../../../agent/spool/createSpool.ts'
import { createDiskStore } from '../../../agent/spool/diskStore.ts'
import { createFaultyFs, type FaultyFs } from '../helpers/faultyFs.ts'
import { followLog, heldEntries, remainder } from '../helpers/linkLog.ts'
import { randomOf, writeEntry, writerOn } from '../helpers/logFixture.ts'

const options: SpoolOptions = { quotas: { telemetry: 2 ** 20, event: 2 ** 20, evidence: 2 ** 20 } }
const NONE = new Uint8Array(32)

type Files = Map<string, Buffer>
const snapshot = (fs: FaultyFs): Files =>
  new Map([...fs.files].map(([path, file]) => [path, Buffer.from(file.written)]))

function restore(files: Files, change: (path: string, bytes: Buffer) => Buffer): FaultyFs {
  const fs = createFaultyFs()
  for (const [path, bytes] of files) {
    const changed = change(path, Buffer.from(bytes))
    fs.files.set(path, { written: changed, synced: Buffer.from(changed) })
  }
  return fs
}

/** State files end in zeros that mean nothing. */
const lastByte = (bytes: Buffer): number => bytes.findLastIndex((byte) => byte !== 0) + 1

/** A small spool with two classes, two boots and an ack; its files and what it held. */
async function smallSpool(): Promise<{
  files: Files
  hashes: Set<string>
  acked: string
  produced: number
  spooled: number
}> {
  const fs = createFaultyFs()
  const spool = createSpool(createDiskStore('/s', fs), options)
  await spool.start()
  await spool.setRoster(['aa'], 1)
  const writer = writerOn(spool)
  await writer.open({ boot: 1, prev: NONE })
  for (let i = 0; i < 4; i++) await writeEntry(writer, i === 2 ? 'event' : 'telemetry', 5)
  const first = (await heldEntries(spool))[0]
  await spool.acked('aa', { boot: 1, seq: 0 }, first?.hash ?? NONE)
  await writer.open({ boot: 2, prev: spool.head()?.hash ?? NONE })
  for (let i = 0; i < 2; i++) await writeEntry(writer, 'telemetry', 5)
  const held = [...(first ? [first] : []), ...(await heldEntries(spool))]
  const hashes = new Set(held.map((entry) => toHex(entry.hash)))
  const { produced, spooled } = spool.counters()
  await spool.stop()
  return { files: snapshot(fs), hashes, acked: toHex(first?.hash ?? NONE), produced, spooled }
}

async function reopened(fs: FaultyFs): Promise<{
  held: Awaited<ReturnType<typeof heldEntries>>
  spool: ReturnType<typeof createSpool>
  recovery: { damagedBytes: number; damagedEntries: number }
}> {
  const spool = createSpool(createDiskStore('/s', fs), options)
  const recovery = await spool.start()
  return { spool, recovery, held: await heldEntries(spool) }
}

t.test(
  'one flipped byte anywhere: the rest is delivered, the loss is counted, the log still links',
  async (t) => {
    const { files, hashes, acked, produced, spooled } = await smallSpool()
    let tried = 0
    let hurt = 0
    for (const [path, bytes] of files) {
      for (let offset = 0; offset < lastByte(bytes); offset++) {
        const fs = restore(files, (each, copy) => {
          if (each === path) copy[offset] = (copy[offset] as number) ^ 0x41
          return copy
        })
        const { spool, recovery, held } = await reopened(fs)
        tried++
        const where = `${path} at ${offset}`
        if (recovery.damagedEntries > 0) hurt++
        const known = held.every((entry) => hashes.has(toHex(entry.hash)))
        const counters = spool.counters()
        const isRight =
          known &&
          remainder(spool) === 0 &&
          counters.produced === produced &&
          // Without the newest state an older one counts: what was acked since is sent and acked again.
          (held.length + recovery.damagedEntries === spooled ||
            (path.includes('state') && held.length === spooled + 1))
        if (!isRight) t.fail(where, { counters, held: held.length, recovery })
        // From the one entry that was acked on, with tombstones for what is gone.
        const start = held.length > spooled ? undefined : acked
        if (!followLog(held, spool.pendingTombstones(100), start).isWhole)
          t.fail(`links: ${where}`, {
            pending: spool.pendingTombstones(100),
            counters,
            held: held.map((e) => e.header),
          })
        if (spool.head()?.boot !== 2 || spool.head()?.seq !== 1) t.fail(`head: ${where}`)
        await spool.stop()
      }
    }
    t.comment(`${tried} offsets tried, ${hurt} cost an entry`)
    t.ok(hurt > 1000, 'flips inside entries cost exactly that entry')
  },
)

t.test('cut off at any offset: never refuses to start, counts what is missing', async (t) => {
  const { files, hashes, produced, spooled } = await smallSpool()
  let tried = 0
  for (const [path, bytes] of files) {
    for (let length = 0; length < lastByte(bytes); length++) {
      const fs = restore(files, (each, copy) => (each === path ? copy.subarray(0, length) : copy))
      const { spool, recovery, held } = await reopened(fs)
      tried++
      const isRight =
        held.every((entry) => hashes.has(toHex(entry.hash))) &&
        remainder(spool) === 0 &&
        spool.counters().produced === produced &&
        (held.length + recovery.damagedEntries === spooled ||
          (path.includes('state') && held.length === spooled + 1))
      if (!isRight)
        t.fail(`${path} cut at ${length}`, { counters: spool.counters(), held: held.length, recovery })
      const writer = writerOn(spool)
      await writer.open({ boot: 3, prev: spool.head()?.hash ?? NONE })
      await writeEntry(writer, 'telemetry')
      if (remainder(spool) !== 0) t.fail(`goes on after ${path} cut at ${length}`)
      await spool.stop()
    }
  }
  t.ok(tried > 1000, `${tried} lengths tried`)
})

t.test('random damage to several files at once', async (t) => {
  const seed = Number(process.env.ASSAY_SEED ?? Math.floor(Math.random() * 2 ** 31))
  t.comment(`seed ${seed}`)
  const random = randomOf(seed)
  const { files, hashes } = await smallSpool()
  for (let run = 0; run < 300; run++) {
    const fs = restore(files, (_, copy) => {
      for (let hits = Math.floor(random() * 4); hits > 0 && copy.length > 0; hits--) {
        const at = Math.floor(random() * copy.length)
        const kind = random()
        if (kind < 0.5) copy[at] = Math.floor(random() * 256)
        else if (kind < 0.8) copy = Buffer.concat([copy.subarray(0, at), copy.subarray(at + 30)])
        else copy = copy.subarray(0, at)
      }
      return copy
    })
    const { spool, held } = await reopened(fs)
    if (remainder(spool) !== 0) t.fail(`run ${run}: remainder ${remainder(spool)}`)
    if (spool.counters().acked < 0) t.fail(`run ${run}: acked ${spool.counters().acked}`)
    if (!held.every((entry) => hashes.has(toHex(entry.hash)))) t.fail(`run ${run}: an entry that never was`)
    await spool.stop()
    const again = await reopened(fs)
    if (again.recovery.damagedEntries > 0) t.fail(`run ${run}: damage counted twice`)
    if (remainder(again.spool) !== 0) t.fail(`run ${run}: remainder after the second start`)
    await again.spool.stop()
  }
  t.pass('300 damaged spools')
})
