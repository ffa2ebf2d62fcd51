import type { Incident } from '#protocol/http/roundView'
import type { AgentKey, AgentRecord, AgentState, ForkRecord, RoundRow } from './archive.ts'
import { hexKey } from './hexKey.ts'
import { blob, type SqliteDatabase } from './sqliteDatabase.ts'
import type { AgentRows } from './sqliteEntryTable.ts'
import type { Tables } from './tables.ts'

type Row = Record<string, unknown>
type AgentTable = Pick<Tables, 'putAgent' | 'setAgentState' | 'agent' | 'agents' | 'agentKey' | 'agentIds'>
type RoundTable = Pick<Tables, 'putRound' | 'rounds' | 'putMeta' | 'getMeta'>
type ReportTable = Pick<Tables, 'insertFork' | 'forks' | 'insertIncident' | 'incidents'>

/** Enrolled agents, with the row numbers that entries refer to. */
export function createSqliteAgentTable(db: SqliteDatabase): AgentTable & AgentRows & { reload(): void } {
  const put = db.prepare(
    `INSERT INTO agents (agentId, publicKey, state, enrolledAtMs, changedAtMs, enrolment) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (agentId) DO UPDATE SET publicKey = excluded.publicKey, state = excluded.state,
       changedAtMs = excluded.changedAtMs, enrolment = excluded.enrolment`,
  )
  const change = db.prepare('UPDATE agents SET state = ?, changedAtMs = ? WHERE agentId = ?')
  const one = db.prepare('SELECT * FROM agents WHERE agentId = ?')
  const all = db.prepare('SELECT * FROM agents ORDER BY id')
  const ids = db.prepare('SELECT id, agentId, publicKey, state FROM agents ORDER BY id')
  const rows = new Map<string, number>()
  const agentIds = new Map<number, Uint8Array>()
  const keys = new Map<string, AgentKey>()

  function reload(): void {
    rows.clear()
    agentIds.clear()
    keys.clear()
    for (const row of ids.all([])) {
      const agentId = blob(row.agentId)
      rows.set(hexKey(agentId), row.id as number)
      agentIds.set(row.id as number, agentId)
      keys.set(hexKey(agentId), { publicKey: blob(row.publicKey), state: row.state as AgentState })
    }
  }

  function record(row: Row): AgentRecord {
    return {
      agentId: blob(row.agentId),
      publicKey: blob(row.publicKey),
      enrolment: blob(row.enrolment),
      state: row.state as AgentState,
      enrolledAtMs: row.enrolledAtMs as number,
      changedAtMs: row.changedAtMs as number,
    }
  }

  reload()
  return {
    reload,
    rowOf: (agentId) => rows.get(hexKey(agentId)),
    idOf: (row) => agentIds.get(row) as Uint8Array,
    putAgent(a) {
      put.run([a.agentId, a.publicKey, a.state, a.enrolledAtMs, a.changedAtMs, a.enrolment])
      reload()
    },
    setAgentState(agentId, state, atMs) {
      change.run([state, atMs, agentId])
      reload()
    },
    agentKey: (agentId) => keys.get(hexKey(agentId)),
    agent(agentId) {
      const row = one.get([agentId])
      return row && record(row)
    },
    agents: () => all.all([]).map(record),
    agentIds: () => [...agentIds.values()],
  }
}

/** The round engine's objects and small named texts. */
export function createSqliteRoundTable(db: SqliteDatabase): RoundTable {
  const put = db.prepare('INSERT OR REPLACE INTO rounds (n, kind, key, atMs, bytes) VALUES (?, ?, ?, ?, ?)')
  const putText = db.prepare('INSERT OR REPLACE INTO meta (name, text) VALUES (?, ?)')
  const getText = db.prepare('SELECT text FROM meta WHERE name = ?')
  return {
    putRound: (row) => void put.run([row.n, row.kind, row.key, row.atMs, row.bytes]),
    rounds(where) {
      const terms: string[] = []
      const values: unknown[] = []
      const term = (sql: string, value: unknown) => {
        if (value === undefined) return
        terms.push(sql)
        values.push(value)
      }
      term('n = ?', where.n)
      term('n >= ?', where.fromN)
      term('kind = ?', where.kind)
      term('key = ?', where.key)
      const order = where.newestFirst ? 'n DESC, kind, key' : 'n, kind, key'
      const sql = `SELECT * FROM rounds WHERE ${terms.join(' AND ') || '1'} ORDER BY ${order} LIMIT ?`
      return db
        .prepare(sql)
        .all([...values, where.limit ?? -1])
        .map(
          (row): RoundRow => ({
            n: row.n as number,
            kind: row.kind as string,
            key: row.key as string,
            atMs: row.atMs as number,
            bytes: blob(row.bytes),
          }),
        )
    },
    putMeta: (name, text) => void putText.run([`user.${name}`, text]),
    getMeta: (name) => getText.get([`user.${name}`])?.text as string | undefined,
  }
}

const INCIDENTS_KEPT = 10_000

/** Forks and incidents; the newest {@link INCIDENTS_KEPT} incidents are kept. */
export function createSqliteReportTable(db: SqliteDatabase): ReportTable {
  const putFork = db.prepare(
    'INSERT INTO forks (agentId, boot, seq, first, second, atMs) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const allForks = db.prepare('SELECT * FROM forks ORDER BY id')
  const putIncident = db.prepare(
    'INSERT INTO incidents (at, kind, nodeId, agentId, text) VALUES (?, ?, ?, ?, ?)',
  )
  const trim = db.prepare('DELETE FROM incidents WHERE id <= ?')
  const newest = db.prepare('SELECT * FROM incidents ORDER BY id DESC LIMIT ?')
  return {
    insertFork: (f) => void putFork.run([f.agentId, f.boot, f.seq, f.first, f.second, f.atMs]),
    forks: () =>
      allForks.all([]).map(
        (row): ForkRecord => ({
          agentId: blob(row.agentId),
          boot: row.boot as number,
          seq: row.seq as number,
          first: blob(row.first),
          second: blob(row.second),
          atMs: row.atMs as number,
        }),
      ),
    insertIncident(i) {
      const { lastInsertRowid } = putIncident.run([i.at, i.kind, i.nodeId ?? null, i.agentId ?? null, i.text])
      trim.run([Number(lastInsertRowid) - INCIDENTS_KEPT])
    },
    incidents: (limit) =>
      newest.all([limit]).map(
        (row): Incident => ({
          at: row.at as number,
          kind: row.kind as string,
          ...(row.nodeId === null ? {} : { nodeId: row.nodeId as string }),
          ...(row.agentId === null ? {} : { agentId: row.agentId as string }),
          text: row.text as string,
        }),
      ),
  }
}
