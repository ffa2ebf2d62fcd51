import { accessSync, chmodSync, constants, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { oracleError } from '../oracleErrors.ts'

/** A node's state directory, held until released; a process that is killed holds nothing. */
export type HeldDirectory = { release(): void }

/**
 * Makes sure of a directory that this user may write and nobody else may read, and holds it for this process: two
 * nodes on one directory would be two mouths of one key.
 * @throws AssayError ORACLE_STATE_DIRECTORY, or ORACLE_STATE_LOCKED while another node is alive on it
 */
export function holdStateDirectory(directory: string): HeldDirectory {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    if ((statSync(directory).mode & 0o077) !== 0) chmodSync(directory, 0o700)
  } catch (cause) {
    const found = (cause as NodeJS.ErrnoException).code
    throw oracleError('ORACLE_STATE_DIRECTORY', { directory, found }, cause)
  }
  // The lock that SQLite takes on a file: the kernel frees it however the process ends.
  const lock = new Database(join(directory, 'node.lock'))
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    throw oracleError('ORACLE_STATE_LOCKED', { directory, found: (cause as Error).message }, cause)
  }
  return { release: () => lock.close() }
}
