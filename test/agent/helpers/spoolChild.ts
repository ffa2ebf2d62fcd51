// Appends entries as fast as it can and says each on standard output once it is durable. Ended by SIGKILL.
import { toHex } from '#protocol/bytes'
import { createSpool } from '../../../agent/spool/createSpool.ts'
import { createDiskStore } from '../../../agent/spool/diskStore.ts'
import { randomOf, writeEntry, writerOn } from './logFixture.ts'

const [directory = '', boot = '1', seed = '1'] = process.argv.slice(2)
const random = randomOf(Number(seed))
const spool = createSpool(createDiskStore(directory), {
  quotas: { telemetry: 256 * 1024, event: 256 * 1024, evidence: 256 * 1024 },
  saveAfterMs: 5,
})
const { head } = await spool.start()
await spool.setRoster(['aa', 'bb'], 2)
const writer = writerOn(spool)
await writer.open({ boot: Number(boot), prev: head?.hash ?? new Uint8Array(32) })
process.stdout.write(`start ${JSON.stringify(spool.counters())}\n`)
for (;;) {
  const ordinal = await writeEntry(
    writer,
    random() < 0.2 ? 'event' : 'telemetry',
    200 + Math.floor(random() * 2000),
  )
  const at = spool.head()
  if (!at) throw new Error('no head after an append')
  process.stdout.write(`entry ${ordinal} ${at.boot} ${at.seq} ${toHex(at.hash)}\n`)
  if (random() < 0.1) {
    await spool.acked('aa', at, at.hash)
    await spool.acked('bb', at, at.hash)
  }
}
