import { decodeCbor } from '#protocol/wire/cbor'
import { parseSign1 } from '#protocol/wire/cose'
import { decodeHeader, ENTRY_KINDS, type Tombstone } from '#protocol/wire/header'
import { asArray, asBytes } from '#protocol/wire/shape'
import type { StoredEntry } from './archive.ts'
import { hexKey } from './hexKey.ts'
import { blob, type SqliteDatabase, type Statement } from './sqliteDatabase.ts'
import type { EntryMeta, Tables } from './tables.ts'

type EntryTable = Pick<
  Tables,
  | 'insertEntry'
  | 'setLinked'
  | 'setVerdict'
  | 'entry'
  | 'metasAt'
  | 'metas'
  | 'metaByHash'
  | 'head'
  | 'highest'
  | 'linkedDown'
  | 'entriesInRange'
  | 'laterEntries'
  | 'entriesAfter'
>

type Row = Record<string, unknown>

const META = 'id, boot, seq, hash, prev, linked, tombstones'
const LAST = Number.MAX_SAFE_INTEGER

/** Row id of an agent and the other way round; kept in memory by the agent table. */
export type AgentRows = {
  rowOf(agentId: Uint8Array): number | undefined
  idOf(row: number): Uint8Array
}

/** The entries of an SQLite archive. */
export function createSqliteEntryTable(db: SqliteDatabase, agents: AgentRows): EntryTable {
  const insert = db.prepare(
    `INSERT INTO entries (agent, boot, seq, h, hash, prev, kind, epochN, t0, receivedAtMs, verdict, linked, tombstones, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const link = db.prepare('UPDATE entries SET linked = 1 WHERE id = ?')
  const verdictOf = db.prepare('UPDATE entries SET verdict = ? WHERE h = ? AND hash = ?')
  const byId = db.prepare('SELECT * FROM entries WHERE id = ?')
  const bytesById = db.prepare('SELECT bytes FROM entries WHERE id = ?')
  const at = db.prepare(`SELECT ${META} FROM entries WHERE agent = ? AND boot = ? AND seq = ? ORDER BY id`)
  const between = db.prepare(
    `SELECT ${META} FROM entries WHERE agent = ? AND (boot, seq) > (?, ?) AND (boot, seq) <= (?, ?) ORDER BY boot, seq, id`,
  )
  const byHash = db.prepare(`SELECT ${META} FROM entries WHERE h = ? AND hash = ?`)
  const headOf = db.prepare(
    `SELECT ${META} FROM entries WHERE agent = ? AND linked = 1 ORDER BY boot DESC, seq DESC LIMIT 1`,
  )
  const highestOf = db.prepare(
    'SELECT boot, seq FROM entries WHERE agent = ? ORDER BY boot DESC, seq DESC LIMIT 1',
  )
  const down = db.prepare(
    `SELECT id, boot, seq, t0 FROM entries WHERE agent = ? AND linked = 1 AND (boot, seq) < (?, ?)
     ORDER BY boot DESC, seq DESC LIMIT ?`,
  )
  const range = db.prepare(
    'SELECT * FROM entries WHERE agent = ? AND boot = ? AND seq BETWEEN ? AND ? ORDER BY seq, id LIMIT ?',
  )
  const later = db.prepare(
    'SELECT * FROM entries WHERE agent = ? AND (boot, seq) > (?, ?) ORDER BY boot, seq, id LIMIT ?',
  )
  const after = db.prepare('SELECT * FROM entries WHERE id > ? ORDER BY id LIMIT ?')

  function tombstonesOf(id: number): readonly Tombstone[] {
    const entry = asArray(decodeCbor(blob(bytesById.get([id])?.bytes)), 'entry', 2)
    return decodeHeader(parseSign1('assay/header/1', asBytes(entry[0], 'entry.header')).payload).tombstones
  }

  function meta(row: Row): EntryMeta {
    return {
      id: row.id as number,
      boot: row.boot as number,
      seq: row.seq as number,
      hash: hexKey(blob(row.hash)),
      prev: hexKey(blob(row.prev)),
      linked: row.linked === 1,
      tombstones: () => (row.tombstones === 0 ? [] : tombstonesOf(row.id as number)),
    }
  }

  function entry(row: Row): StoredEntry {
    return {
      agentId: agents.idOf(row.agent as number),
      boot: row.boot as number,
      seq: row.seq as number,
      hash: blob(row.hash),
      prev: blob(row.prev),
      kind: ENTRY_KINDS[row.kind as number] ?? 'batch',
      epochN: row.epochN as number | null,
      t0: row.t0 as number,
      receivedAtMs: row.receivedAtMs as number,
      verdict: row.verdict as number,
      bytes: blob(row.bytes),
    }
  }

  function one<T>(statement: Statement, parameters: readonly unknown[], as: (row: Row) => T): T | undefined {
    const row = statement.get(parameters)
    return row && as(row)
  }

  return {
    insertEntry(e, linked) {
      const row = [
        agents.rowOf(e.agentId) as number,
        e.boot,
        e.seq,
        shortHash(e.hash),
        e.hash,
        e.prev,
        ENTRY_KINDS.indexOf(e.kind),
        e.epochN,
        e.t0,
        e.receivedAtMs,
        e.verdict,
        linked ? 1 : 0,
        e.tombstones.length,
        e.bytes,
      ]
      return Number(insert.run(row).lastInsertRowid)
    },
    setLinked: (id) => void link.run([id]),
    setVerdict: (hash, verdict) => void verdictOf.run([verdict, shortHash(hash), hash]),
    entry: (id) => one(byId, [id], entry),
    metasAt: (agentId, boot, seq) => at.all([agents.rowOf(agentId) ?? -1, boot, seq]).map(meta),
    metas: (agentId, from, to) =>
      between
        .all([
          agents.rowOf(agentId) ?? -1,
          from?.boot ?? -1,
          from?.seq ?? -1,
          to?.boot ?? LAST,
          to?.seq ?? LAST,
        ])
        .map(meta),
    metaByHash(hash) {
      const bytes = Buffer.from(hash, 'hex')
      return bytes.length === 32 ? one(byHash, [shortHash(bytes), bytes], meta) : undefined
    },
    head: (agentId) => one(headOf, [agents.rowOf(agentId) ?? -1], meta),
    highest: (agentId) =>
      one(highestOf, [agents.rowOf(agentId) ?? -1], (row) => ({
        boot: row.boot as number,
        seq: row.seq as number,
      })),
    *linkedDown(agentId, page) {
      // In pages: an iterator left half-way would hold a read transaction open and keep the WAL from being reset.
      for (let boot = LAST, seq = LAST; ; ) {
        const rows = down.all([agents.rowOf(agentId) ?? -1, boot, seq, page])
        for (const row of rows) yield { id: row.id as number, t0: row.t0 as number }
        const last = rows[page - 1]
        if (!last) return
        boot = last.boot as number
        seq = last.seq as number
      }
    },
    laterEntries: (agentId, boot, seq, limit) =>
      later.all([agents.rowOf(agentId) ?? -1, boot, seq, limit]).map(entry),
    entriesInRange: (agentId, boot, fromSeq, toSeq, limit) =>
      range.all([agents.rowOf(agentId) ?? -1, boot, fromSeq, toSeq, limit]).map(entry),
    entriesAfter(id, limit) {
      const rows = after.all([id, limit])
      return { lastId: (rows.at(-1)?.id as number | undefined) ?? id, entries: rows.map(entry) }
    },
  }
}

/** The first 48 bits of a hash: what the hash index holds. */
function shortHash(hash: Uint8Array): number {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).readUIntBE(0, 6)
}
