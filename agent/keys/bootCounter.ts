import { readFile } from 'node:fs/promises'
import { agentError } from '../agentErrors.ts'
import { writeFileDurably } from './writeFileDurably.ts'

/**
 * The highest boot number that this state directory ever opened; 0 for none. A boot is written here, durably, before
 * its first header is signed: no position is ever signed twice from one directory.
 * @throws AssayError AGENT_STATE_DIRECTORY
 */
export async function readBoot(path: string): Promise<number> {
  try {
    const { boot } = JSON.parse(await readFile(path, 'utf8')) as { boot: number }
    // A damaged file says nothing; the spool and the nodes know boots too.
    return Number.isSafeInteger(boot) && boot > 0 ? boot : 0
  } catch (cause) {
    const found = (cause as NodeJS.ErrnoException).code
    if (found === 'ENOENT' || cause instanceof SyntaxError) return 0
    throw agentError('AGENT_STATE_DIRECTORY', { path, found }, cause)
  }
}

/** @throws AssayError AGENT_STATE_DIRECTORY */
export async function writeBoot(path: string, boot: number): Promise<void> {
  try {
    await writeFileDurably(path, `${JSON.stringify({ boot })}\n`)
  } catch (cause) {
    throw agentError('AGENT_STATE_DIRECTORY', { path, found: (cause as NodeJS.ErrnoException).code }, cause)
  }
}
