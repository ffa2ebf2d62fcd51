import { execFile } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const TIMEOUT_MS = 20_000
const MAX_CHARS = 65_536

/**
 * Descriptive inventory of the host as JSON text: unsigned facts that no score uses. Read in a process of its own, so
 * that the reader takes no memory afterwards; `{}` where it cannot be read.
 */
export function readInventory(): Promise<string> {
  const entry = fileURLToPath(
    new URL(`./inventoryChild${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
  )
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...process.execArgv, entry],
      { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_CHARS },
      (error, stdout) => resolve(error || stdout.length > MAX_CHARS ? '{}' : stdout),
    )
  })
}
