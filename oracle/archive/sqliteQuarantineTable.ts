import type { QuarantineItem } from './archive.ts'
import { blob, type SqliteDatabase } from './sqliteDatabase.ts'
import type { Tables } from './tables.ts'

/** How much of what proved nothing is kept: beyond either bound the oldest goes. */
export const QUARANTINE_ROWS = 10_000
export const QUARANTINE_BYTES = 64 * 1024 * 1024

/** Quarantined bytes of an SQLite archive. */
export function createSqliteQuarantineTable(
  db: SqliteDatabase,
): Pick<Tables, 'insertQuarantine' | 'quarantined'> & { recount(): void } {
  const put = db.prepare('INSERT INTO quarantine (atMs, reason, topicAgent, bytes) VALUES (?, ?, ?, ?)')
  const oldest = db.prepare('SELECT id, length(bytes) AS size FROM quarantine ORDER BY id LIMIT 64')
  const drop = db.prepare('DELETE FROM quarantine WHERE id = ?')
  const newest = db.prepare('SELECT * FROM quarantine ORDER BY id DESC LIMIT ?')
  const totals = db.prepare(
    'SELECT count(*) AS rows, coalesce(sum(length(bytes)), 0) AS bytes FROM quarantine',
  )
  const held = { rows: 0, bytes: 0 }

  function recount(): void {
    Object.assign(held, totals.get([]))
  }

  function trim(): void {
    while (held.rows > QUARANTINE_ROWS || held.bytes > QUARANTINE_BYTES) {
      for (const row of oldest.all([])) {
        if (held.rows <= QUARANTINE_ROWS && held.bytes <= QUARANTINE_BYTES) return
        drop.run([row.id])
        held.rows -= 1
        held.bytes -= row.size as number
      }
    }
  }

  recount()
  return {
    recount,
    insertQuarantine(items: readonly QuarantineItem[]) {
      for (const item of items) {
        put.run([item.atMs, item.reason, item.topicAgent, item.bytes])
        held.rows += 1
        held.bytes += item.bytes.length
      }
      trim()
    },
    quarantined: (limit) =>
      newest.all([limit]).map((row) => ({
        atMs: row.atMs as number,
        reason: row.reason as string,
        topicAgent: row.topicAgent as string,
        bytes: blob(row.bytes),
      })),
  }
}
