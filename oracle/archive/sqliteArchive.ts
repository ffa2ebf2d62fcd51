import type { Archive } from './archive.ts'
import { createArchive } from './createArchive.ts'
import { openSqliteDatabase } from './sqliteDatabase.ts'
import { createSqliteEntryTable } from './sqliteEntryTable.ts'
import {
  createSqliteAgentTable,
  createSqliteReportTable,
  createSqliteRoundTable,
} from './sqliteNodeTables.ts'
import { createSqliteQuarantineTable } from './sqliteQuarantineTable.ts'
import type { Tables } from './tables.ts'

/** The archive in one SQLite file (WAL, synchronous=FULL). One process at a time may write it. */
export function createSqliteArchive(options: { file: string; now?: () => number }): Archive {
  return createArchive(() => openTables(options.file), options.now)
}

function openTables(file: string): Tables {
  const db = openSqliteDatabase(file)
  const agents = createSqliteAgentTable(db)
  const count = (table: string) =>
    db.prepare(`SELECT count(*) AS found FROM ${table}`).get([])?.found as number
  const newestEntry = db.prepare('SELECT coalesce(max(id), 0) AS found FROM entries')
  const quarantine = createSqliteQuarantineTable(db)
  return {
    ...agents,
    ...createSqliteEntryTable(db, agents),
    ...createSqliteRoundTable(db),
    ...createSqliteReportTable(db),
    ...quarantine,
    transaction(work) {
      try {
        return db.transaction(work)
      } catch (error) {
        // What these two keep in memory may hold rows that were rolled back.
        agents.reload()
        quarantine.recount()
        throw error
      }
    },
    stats: () => ({
      entries: newestEntry.get([])?.found as number,
      bytes: db.pragma('page_count') * db.pragma('page_size'),
      agents: agents.agentIds().length,
      forks: count('forks'),
      quarantined: count('quarantine'),
      incidents: count('incidents'),
    }),
    close: () => db.close(),
  }
}
