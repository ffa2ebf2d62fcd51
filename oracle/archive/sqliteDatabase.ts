import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'libsql'
import { oracleError } from '../oracleErrors.ts'
import { SCHEMA_VERSION, SQLITE_SCHEMA } from './sqliteSchema.ts'

/** The part of libsql's API that the tables use. Rows are objects keyed by column. */
export type Statement = {
  run(parameters: readonly unknown[]): { changes: number; lastInsertRowid: number | bigint }
  get(parameters: readonly unknown[]): Record<string, unknown> | undefined
  all(parameters: readonly unknown[]): Record<string, unknown>[]
}

export type SqliteDatabase = {
  readonly file: string
  prepare(sql: string): Statement
  /** All or nothing. @throws AssayError ORACLE_ARCHIVE_WRITE */
  transaction<T>(work: () => T): T
  pragma(name: string): number
  close(): void
}

/**
 * Opens an archive file, creating it with its folder: WAL, and synchronous=FULL so that a commit survives a power cut.
 * @throws AssayError ORACLE_ARCHIVE_OPEN
 */
export function openSqliteDatabase(file: string): SqliteDatabase {
  let db: Database.Database
  try {
    mkdirSync(dirname(file), { recursive: true })
    db = new Database(file, { timeout: 5000 } as Database.Options)
    db.exec('PRAGMA journal_mode = WAL')
    db.exec('PRAGMA synchronous = FULL')
    db.exec('PRAGMA cache_size = -32768')
    db.exec(SQLITE_SCHEMA)
    db.prepare('INSERT OR IGNORE INTO meta (name, text) VALUES (?, ?)').run([
      'schemaVersion',
      `${SCHEMA_VERSION}`,
    ])
  } catch (cause) {
    throw oracleError('ORACLE_ARCHIVE_OPEN', { file, found: (cause as Error).message }, cause)
  }
  const version = (
    db.prepare('SELECT text FROM meta WHERE name = ?').get(['schemaVersion']) as { text: string }
  ).text
  if (version !== `${SCHEMA_VERSION}`) {
    db.close()
    throw oracleError('ORACLE_ARCHIVE_OPEN', {
      file,
      found: `schema ${version}`,
      wanted: `schema ${SCHEMA_VERSION}`,
    })
  }
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  return {
    file,
    prepare: (sql) => db.prepare(sql) as unknown as Statement,
    transaction(work) {
      try {
        begin.run([])
        const result = work()
        commit.run([])
        return result
      } catch (cause) {
        if (db.inTransaction) db.exec('ROLLBACK')
        if ((cause as Error).name !== 'SqliteError') throw cause
        throw oracleError('ORACLE_ARCHIVE_WRITE', { file, found: (cause as Error).message }, cause)
      }
    },
    pragma: (name) =>
      Object.values(db.prepare(`PRAGMA ${name}`).get([]) as Record<string, number>)[0] as number,
    close: () => db.close(),
  }
}

/** A blob column as a plain Uint8Array: libsql gives a Buffer for one row and an ArrayBuffer for many. */
export function blob(value: unknown): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  const bytes = value as Uint8Array
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
