import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { sameBytes } from '#protocol/bytes'
import type { Entry } from '#protocol/wire/entry'
import type { Archive } from '../../../oracle/archive/archive.ts'
import { createMemoryArchive } from '../../../oracle/archive/memoryArchive.ts'
import { newEntry } from '../../../oracle/archive/newEntry.ts'
import { createSqliteArchive } from '../../../oracle/archive/sqliteArchive.ts'
import { createSignedLog, type SignedLog, ZERO_HASH } from '../../helpers/signedLog.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-archive-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

/** One suite over both stores; `again` is the same store after a stop. */
const stores: Record<string, () => Archive> = {
  memory: () => createMemoryArchive(),
  sqlite: () => createSqliteArchive({ file: join(folder, `archive-${files++}.db`) }),
}

function enrol(archive: Archive, log: SignedLog): void {
  archive.putAgent({
    agentId: log.agentId,
    publicKey: log.signer.publicKey,
    enrolment: new Uint8Array([1]),
    state: 'approved',
    enrolledAtMs: 1,
    changedAtMs: 1,
  })
}

const add = (archive: Archive, ...entries: Entry[]) =>
  archive.appendBatch(entries.map((entry) => newEntry(entry, 5)))
const seqs = (entries: readonly { boot: number; seq: number }[]) => entries.map((e) => `${e.boot}.${e.seq}`)
const point = (entry: Entry) => ({ boot: entry.header.boot, seq: entry.header.seq, hash: entry.hash })

async function chain(log: SignedLog, length: number): Promise<Entry[]> {
  const out: Entry[] = []
  for (let i = 0; i < length; i++) out.push(await log.next())
  return out
}

for (const [name, create] of Object.entries(stores)) {
  t.test(name, async (t) => {
    async function setup(t: Pick<typeof import('tap').default, 'teardown'>) {
      const archive = create()
      archive.start()
      t.teardown(() => archive.stop())
      const log = createSignedLog()
      enrol(archive, log)
      return { archive, log }
    }

    t.test('keeps the bytes as they came and advances the head', async (t) => {
      const { archive, log } = await setup(t)
      t.equal(archive.head(log.agentId), undefined)
      const entries = await chain(log, 3)
      const result = add(archive, ...entries)
      t.same(result.inserted, [true, true, true])
      t.same(seqs(result.linked), ['1.0', '1.1', '1.2'])
      const head = archive.head(log.agentId)
      t.equal(head?.seq, 2)
      t.ok(head && sameBytes(head.hash, (entries[2] as Entry).hash))
      const found = archive.entryByHash((entries[1] as Entry).hash)
      t.ok(found && sameBytes(found.bytes, (entries[1] as Entry).bytes))
      t.ok(found && sameBytes(found.agentId, log.agentId))
      t.same(add(archive, ...entries).inserted, [false, false, false], 'a second time changes nothing')
      t.equal(archive.stats().entries, 3)
      t.same(seqs([...archive.iterate()]), ['1.0', '1.1', '1.2'])
    })

    t.test('waits for gaps, in any order of arrival', async (t) => {
      const { archive, log } = await setup(t)
      const [a, b, c, d] = (await chain(log, 4)) as [Entry, Entry, Entry, Entry]
      t.same(seqs(add(archive, d, b).linked), [])
      t.same(archive.waiting(log.agentId), { count: 2, lowest: { boot: 1, seq: 1 } })
      t.same(seqs(add(archive, a).linked), ['1.0', '1.1'])
      t.equal(archive.head(log.agentId)?.seq, 1)
      archive.stop()
      archive.start()
      t.equal(archive.head(log.agentId)?.seq, 1, 'the same head after a restart')
      t.same(archive.waiting(log.agentId), { count: 1, lowest: { boot: 1, seq: 3 } })
      t.same(seqs(add(archive, c).linked), ['1.2', '1.3'])
      t.equal(archive.waiting(log.agentId), undefined)
      const range = archive.entriesBetween(log.agentId, point(a), point(d))
      t.ok(range.linked)
      t.same(seqs(range.entries), ['1.1', '1.2', '1.3'])
      t.same(seqs(archive.entriesBetween(log.agentId, null, point(c)).entries), ['1.0', '1.1', '1.2'])
      t.same(archive.entriesBetween(log.agentId, point(c), point(c)), { entries: [], linked: true })
    })

    t.test('a boot links to the last of the boot before', async (t) => {
      const { archive, log } = await setup(t)
      const first = await chain(log, 2)
      log.at = { boot: 2, seq: 0, prev: log.at.prev }
      const second = await chain(log, 2)
      add(archive, ...second)
      t.equal(archive.head(log.agentId), undefined)
      add(archive, ...first)
      t.same([archive.head(log.agentId)?.boot, archive.head(log.agentId)?.seq], [2, 1])
      t.equal(
        seqs(
          archive.entriesBetween(log.agentId, point(first[0] as Entry), point(second[1] as Entry)).entries,
        ).join(),
        '1.1,2.0,2.1',
      )
    })

    t.test('a fork keeps both branches, the first seen stays the head', async (t) => {
      const { archive, log } = await setup(t)
      const [a, b] = (await chain(log, 2)) as [Entry, Entry]
      log.at = { boot: 1, seq: 1, prev: a.hash }
      const other = await log.next()
      add(archive, a, b)
      const result = add(archive, other)
      t.equal(result.forks.length, 1)
      t.ok(sameBytes((result.forks[0] as { first: Uint8Array }).first, b.hash))
      t.ok(sameBytes(archive.head(log.agentId)?.hash ?? ZERO_HASH, b.hash))
      t.equal(archive.entriesAt(log.agentId, 1, 1).length, 2)
      t.equal(archive.entriesInRange(log.agentId, 1, 0, 9).length, 3)
      t.equal(
        archive.entriesAfter(log.agentId, null).length,
        archive.entriesAfter(log.agentId, { boot: 0, seq: 9 }).length,
      )
      t.equal(archive.entriesAfter(log.agentId, { boot: 1, seq: 0 }, 1)[0]?.seq, 1)
      t.equal(archive.entriesAfter(log.agentId, { boot: 99, seq: 0 }).length, 0)
      const proof = archive.forkProofs()[0]
      t.ok(proof && sameBytes(proof.first, b.cose) && sameBytes(proof.second, other.cose))
      t.equal(add(archive, other).forks.length, 0, 'told once')
      const branch = archive.entriesBetween(log.agentId, null, point(other))
      t.ok(
        sameBytes((branch.entries[1] as { hash: Uint8Array }).hash, other.hash),
        'each branch can be walked',
      )
      t.notOk(archive.entriesBetween(log.agentId, point(b), point(await next2(archive, log, other))).linked)
    })

    t.test('a tombstone bridges what the agent gave up, and wins over what is held', async (t) => {
      const { archive, log } = await setup(t)
      const entries = await chain(log, 5)
      const [a, b, c, d, e] = entries as [Entry, Entry, Entry, Entry, Entry]
      const last = await log.next({
        tombstones: [
          {
            from: { boot: 1, seq: 1 },
            to: { boot: 1, seq: 3 },
            firstPrev: a.hash,
            lastHash: d.hash,
            reason: 'quota',
          },
        ],
      })
      add(archive, a, e)
      t.equal(archive.head(log.agentId)?.seq, 0)
      t.notOk(archive.holdsChain(log.agentId, null, point(e)), 'a gap without its tombstone is a gap')
      t.throws(() => archive.entriesBetween(log.agentId, null, point(e)), { code: 'ORACLE_ARCHIVE_GAP' })
      t.same(seqs(add(archive, last).linked), ['1.4', '1.5'])
      const thinned = archive.entriesBetween(log.agentId, null, point(last))
      t.same(seqs(thinned.entries), ['1.0', '1.4', '1.5'])
      add(archive, b, c, d)
      t.equal(archive.head(log.agentId)?.seq, 5)
      t.same(
        seqs(archive.entriesBetween(log.agentId, null, point(last)).entries),
        ['1.0', '1.4', '1.5'],
        'the same range on a node that holds the dropped entries',
      )
      t.same(
        seqs(archive.entriesBetween(log.agentId, point(c), point(last)).entries),
        ['1.4', '1.5'],
        'a range that starts inside the tombstone',
      )
      archive.stop()
      archive.start()
      t.same(seqs(archive.entriesBetween(log.agentId, null, point(last)).entries), ['1.0', '1.4', '1.5'])
    })

    t.test('a node that held part of what was given up ends at the same head and range', async (t) => {
      const { archive, log } = await setup(t)
      const [a, b, c, d, e] = (await chain(log, 5)) as [Entry, Entry, Entry, Entry, Entry]
      const last = await log.next({
        tombstones: [
          {
            from: { boot: 1, seq: 1 },
            to: { boot: 1, seq: 3 },
            firstPrev: a.hash,
            lastHash: d.hash,
            reason: 'quota',
          },
        ],
      })
      add(archive, a, b, c, e)
      t.equal(archive.head(log.agentId)?.seq, 2)
      archive.stop()
      archive.start()
      t.same(seqs(add(archive, last).linked), ['1.4', '1.5'])
      t.same(seqs(archive.entriesBetween(log.agentId, null, point(last)).entries), ['1.0', '1.4', '1.5'])
      t.same(seqs(archive.entriesBetween(log.agentId, point(c), point(last)).entries), ['1.4', '1.5'])
    })

    t.test('a later boot on an ancestor of the head takes over: restored from a backup', async (t) => {
      const { archive, log } = await setup(t)
      const [a, b] = (await chain(log, 2)) as [Entry, Entry]
      add(archive, a, b)
      log.at = { boot: 2, seq: 0, prev: a.hash }
      const c = await log.next()
      const result = add(archive, c)
      t.same(result.rolledBack, [log.agentId])
      t.equal(archive.head(log.agentId)?.boot, 2)
      t.same(seqs(archive.entriesBetween(log.agentId, null, point(c)).entries), ['1.0', '2.0'])
    })

    t.test('agents, rounds, texts, incidents and quarantine', async (t) => {
      const { archive, log } = await setup(t)
      archive.setAgentState(log.agentId, 'retired', 9)
      t.match(archive.agent(log.agentId), { state: 'retired', changedAtMs: 9, enrolledAtMs: 1 })
      t.equal(archive.agent(ZERO_HASH), undefined)
      archive.putRound(7, 'proposal', new Uint8Array([1]), 'aa')
      archive.putRound(7, 'proposal', new Uint8Array([2]), 'bb')
      archive.putRound(8, 'digest', new Uint8Array([3]))
      t.same(archive.claimRound(8, 'digest', new Uint8Array([4])), new Uint8Array([3]), 'the first stands')
      t.same(archive.claimRound(9, 'digest', new Uint8Array([5])), new Uint8Array([5]))
      t.same(archive.getRound(7, 'proposal', 'bb'), new Uint8Array([2]))
      t.equal(archive.getRound(7, 'digest'), undefined)
      t.equal(archive.roundsOf(7).length, 2)
      t.same(
        archive.roundsFrom(8).map((row) => row.n),
        [8, 9],
      )
      t.same(
        archive.lastRounds('digest', 1).map((row) => row.n),
        [9],
      )
      archive.putMeta('served', '[1,2]')
      archive.addIncident({ at: 3, kind: 'fork', agentId: log.agentHex, text: 'x' })
      archive.addIncident({ at: 4, kind: 'gap', nodeId: 'aa', text: 'y' })
      archive.quarantine([{ atMs: 1, reason: 'malformed', topicAgent: 'zz', bytes: new Uint8Array([9]) }])
      const [entry] = await chain(log, 1)
      add(archive, entry as Entry)
      archive.setVerdict((entry as Entry).hash, 2)
      archive.stop()
      archive.start()
      t.equal(archive.getMeta('served'), '[1,2]')
      t.same(archive.incidents(5), [
        { at: 4, kind: 'gap', nodeId: 'aa', text: 'y' },
        { at: 3, kind: 'fork', agentId: log.agentHex, text: 'x' },
      ])
      t.match(archive.quarantined(5), [{ reason: 'malformed', topicAgent: 'zz' }])
      t.equal(archive.entryByHash((entry as Entry).hash)?.verdict, 2)
      t.match(archive.stats(), { entries: 1, agents: 1, quarantined: 1, incidents: 2 })
    })

    t.test('newest entries since a time', async (t) => {
      const { archive, log } = await setup(t)
      const entries = await chain(log, 6)
      add(archive, ...entries)
      const from = (entries[3] as Entry).header.t0
      t.same(seqs(archive.entriesSince(log.agentId, from)), ['1.3', '1.4', '1.5'])
      t.same(seqs(archive.entriesSince(log.agentId, 0, 2)), ['1.4', '1.5'])
    })
  })
}

/** A successor of a fork's second branch, stored. */
async function next2(archive: Archive, log: SignedLog, branch: Entry): Promise<Entry> {
  log.at = { boot: 1, seq: 2, prev: branch.hash }
  const entry = await log.next()
  add(archive, entry)
  return entry
}
