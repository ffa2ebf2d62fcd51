import { readFileSync, statSync } from 'node:fs'
import { probeError } from './probeErrors.ts'

const MOST_BYTES = 64 * 1024 * 1024

/** Text of a saved input. @throws AssayError AGENT_PROBE_FILE or AGENT_PROBE_LIMIT */
export function readInput(file: string): string {
  let size: number
  try {
    const stat = statSync(file)
    if (!stat.isFile()) throw new Error('not a regular file')
    size = stat.size
    if (size <= MOST_BYTES) return readFileSync(file, 'utf8')
  } catch (cause) {
    throw probeError('AGENT_PROBE_FILE', { file, found: (cause as Error).message }, cause)
  }
  throw probeError('AGENT_PROBE_LIMIT', { file, bytes: size, most: MOST_BYTES })
}
