import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { newEntry } from '../../../oracle/archive/newEntry.ts'
import { createSqliteArchive } from '../../../oracle/archive/sqliteArchive.ts'
import { createSignedLog } from '../../helpers/signedLog.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-full-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const child = fileURLToPath(
  new URL(`./crashChild${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
)

t.test(
  'a disk that takes no more: rejected by name, nothing acked beyond what is durable, goes on with room',
  async (t) => {
    const file = join(folder, 'archive.sqlite')
    // A limit on file size makes every further write fail as a full disk does (EFBIG instead of ENOSPC).
    const limited = spawn(
      'sh',
      [
        '-c',
        'trap "" XFSZ; ulimit -f 1200; exec "$@"',
        'sh',
        process.execPath,
        // Nothing but the loader: what else a test runner brings along writes files of its own under this limit.
        '--import=tsx',
        '--conditions=@assay/source',
        child,
        file,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env.PATH, TSX_DISABLE_CACHE: '1' } },
    )
    const ended = once(limited, 'close')
    let acked: { agent: string; seq: number } | undefined
    let failures = 0
    let first = ''
    for await (const line of createInterface({ input: limited.stdout })) {
      const [agent, , seq, hash] = line.split(' ') as [string, string, string, string]
      if (line.startsWith('rejected')) {
        first ||= line
        failures += 1
        if (failures === 20) limited.kill('SIGKILL')
      } else if (hash?.length === 64) acked = { agent, seq: Number(seq) }
    }
    await ended
    t.ok(failures >= 1 && acked, `${acked?.seq} acked before the disk was full`)
    t.equal(first, 'rejected archive_failed')

    const archive = createSqliteArchive({ file })
    archive.start()
    t.teardown(() => archive.stop())
    const head = archive.head(Buffer.from(acked?.agent ?? '', 'hex'))
    t.ok(head && acked && head.seq >= acked.seq, 'everything acked is there')
    const log = createSignedLog()
    archive.putAgent({
      agentId: log.agentId,
      publicKey: log.signer.publicKey,
      enrolment: new Uint8Array(),
      state: 'approved',
      enrolledAtMs: 0,
      changedAtMs: 0,
    })
    t.same(archive.appendBatch([newEntry(await log.next(), 0)]).inserted, [true])
  },
)

t.test('a file that is no archive, or one of another schema, is not opened', async (t) => {
  const rubbish = join(folder, 'rubbish.sqlite')
  writeFileSync(rubbish, 'this is no database, and longer than a page header '.repeat(100))
  t.throws(() => createSqliteArchive({ file: rubbish }).start(), { code: 'ORACLE_ARCHIVE_OPEN' })
  t.throws(() => createSqliteArchive({ file: join(folder, 'x') }).heads(), { code: 'ORACLE_ARCHIVE_OPEN' })

  const newer = join(folder, 'newer.sqlite')
  const archive = createSqliteArchive({ file: newer })
  archive.start()
  archive.stop()
  const { openSqliteDatabase } = await import('../../../oracle/archive/sqliteDatabase.ts')
  const db = openSqliteDatabase(newer)
  db.prepare("UPDATE meta SET text = '2' WHERE name = 'schemaVersion'").run([])
  db.close()
  t.throws(() => createSqliteArchive({ file: newer }).start(), { code: 'ORACLE_ARCHIVE_OPEN' })
})
