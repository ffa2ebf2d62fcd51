import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { sameBytes } from '#protocol/bytes'
import { parseEntry } from '#protocol/wire/entry'
import { createSqliteArchive } from '../../../oracle/archive/sqliteArchive.ts'
import { primitives } from '../../helpers/signedLog.ts'

const SEED = Number(process.env.ASSAY_SEED ?? 7)
const KILLS = 6
const folder = mkdtempSync(join(tmpdir(), 'assay-crash-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const child = fileURLToPath(
  new URL(`./crashChild${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
)

t.test('kill -9 while committing: nothing that was acked is lost', async (t) => {
  t.comment(`seed ${SEED}`)
  const random = seeded(SEED)
  const file = join(folder, 'archive.sqlite')
  const acked = new Map<string, { boot: number; seq: number; hash: Uint8Array }>()
  let acks = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const until = 3 + Math.floor(60 * random())
    acks += await runAndKill(file, until, acked)
    const archive = createSqliteArchive({ file })
    archive.start()
    for (const [agent, ack] of acked) {
      const agentId = Buffer.from(agent, 'hex')
      const head = archive.head(agentId)
      t.ok(head && head.seq >= ack.seq, `head ${head?.seq} of ${agent.slice(0, 8)} covers ack ${ack.seq}`)
      const { entries, linked } = archive.entriesBetween(agentId, null, ack)
      t.equal(entries.length, ack.seq + 1)
      t.ok(linked)
      t.ok(
        entries.every((row) => sameBytes(parseEntry(row.bytes, primitives).hash, row.hash)),
        'the bytes are those that were signed',
      )
    }
    archive.stop()
  }
  t.comment(`${acks} acks before ${KILLS} kills, 0 lost`)
})

/** Runs the child, kills it after so many acks, and notes the last ack of its agent. */
async function runAndKill(
  file: string,
  until: number,
  acked: Map<string, { boot: number; seq: number; hash: Uint8Array }>,
): Promise<number> {
  const process_ = spawn(process.execPath, [...process.execArgv, child, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => process_.once('close', () => resolve()))
  let lines = 0
  for await (const line of createInterface({ input: process_.stdout })) {
    const [agent, boot, seq, hash] = line.split(' ') as [string, string, string, string]
    if (hash?.length !== 64) continue
    acked.set(agent, { boot: Number(boot), seq: Number(seq), hash: Buffer.from(hash, 'hex') })
    if (++lines === until) process_.kill('SIGKILL')
  }
  await ended
  return lines
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
