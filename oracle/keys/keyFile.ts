import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { oracleError } from '../oracleErrors.ts'

/**
 * The PEM of a key file; made by `create` when there is none, readable by its owner only, on disk before it is used.
 * @throws AssayError ORACLE_KEY_PERMISSIONS when group or others may read it, ORACLE_KEY_FORMAT when it cannot be read
 */
export function readOrCreateKeyFile(file: string, create: () => string): string {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const pem = create()
    const handle = openSync(file, 'wx', 0o600)
    try {
      writeSync(handle, pem)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    const folder = openSync(dirname(file), 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
    return pem
  }
  try {
    const mode = statSync(file).mode & 0o777
    if ((mode & 0o077) !== 0)
      throw oracleError('ORACLE_KEY_PERMISSIONS', { file, found: mode.toString(8), wanted: '600' })
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ORACLE_KEY_PERMISSIONS') throw cause
    throw oracleError('ORACLE_KEY_FORMAT', { file, found: (cause as NodeJS.ErrnoException).code }, cause)
  }
}
