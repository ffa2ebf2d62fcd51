import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { toHex } from '#protocol/bytes'
import { createSpool } from '../../../agent/spool/createSpool.ts'
import { createDiskStore } from '../../../agent/spool/diskStore.ts'
import { heldEntries, remainder } from '../helpers/linkLog.ts'
import { randomOf } from '../helpers/logFixture.ts'

const KILLS = 10
const child = fileURLToPath(new URL('../helpers/spoolChild.ts', import.meta.url))

/** Runs the child until it has said `lines` entries, then kills it; answers what it said. */
function killed(
  directory: string,
  boot: number,
  seed: number,
  lines: number,
  graceMs: number,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const said: string[] = []
    const process_ = spawn(
      process.execPath,
      ['--import=tsx', '--conditions=@assay/source', child, directory, String(boot), String(seed)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    createInterface({ input: process_.stdout }).on('line', (line) => {
      said.push(line)
      // At a random moment after a random number of entries.
      if (said.length === lines) setTimeout(() => process_.kill('SIGKILL'), graceMs)
    })
    process_.once('close', (_, signal) =>
      signal === 'SIGKILL' ? resolve(said) : reject(new Error(`ended by itself: ${said.at(-1)}`)),
    )
  })
}

t.test(`${KILLS} times kill -9: nothing that was durable is lost, nothing counted twice`, async (t) => {
  const seed = Number(process.env.ASSAY_SEED ?? Math.floor(Math.random() * 2 ** 31))
  t.comment(`seed ${seed}`)
  const random = randomOf(seed)
  const directory = t.testdir()
  const durable = new Map<number, string>()
  let most = 0
  for (let run = 1; run <= KILLS; run++) {
    const lines = 1 + Math.floor(random() * 120)
    const said = await killed(directory, run, seed + run, lines, random() * 20)
    for (const line of said) {
      const [word, ordinal, , , hash] = line.split(' ')
      if (word !== 'entry') continue
      if (durable.has(Number(ordinal))) t.fail(`ordinal ${ordinal} was given twice`)
      durable.set(Number(ordinal), hash ?? '')
      most = Math.max(most, Number(ordinal))
    }
  }
  const spool = createSpool(createDiskStore(directory), {
    quotas: { telemetry: 256 * 1024, event: 256 * 1024, evidence: 256 * 1024 },
  })
  const recovery = await spool.start()
  const counters = spool.counters()
  t.equal(recovery.damagedEntries, 0, 'a kill damages nothing that was durable')
  t.equal(remainder(spool), 0, 'produced = acked + spooled + dropped')
  t.ok(counters.produced >= most, `${most} entries were said durable, ${counters.produced} are counted`)
  t.ok(counters.produced <= most + KILLS, 'at most one per kill was durable and not said')
  const held = new Set((await heldEntries(spool)).map((entry) => toHex(entry.hash)))
  const gone = [...durable].filter(([ordinal, hash]) => !held.has(hash) && ordinal > spool.ackedOrdinal())
  const dropped = counters.dropped.reduce((sum, each) => sum + each.count, 0)
  t.ok(gone.length <= dropped, `${gone.length} neither held nor acked, ${dropped} counted as dropped`)
  t.ok(counters.dropped.every((each) => each.reason === 'quota'))
  t.ok(counters.acked > 0)
  await spool.stop()
})
