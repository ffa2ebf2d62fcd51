import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { probeError } from './probeErrors.ts'

/** Where tools of the driver are installed; looked at before PATH, which the caller's environment controls. */
const USUAL = ['/usr/bin', '/usr/local/bin', '/usr/local/nvidia/bin', '/opt/bin']

function isCommand(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * The absolute path of a command: the given one if it is absolute, else from the usual folders, else from PATH.
 * @throws AssayError AGENT_PROBE_COMMAND
 */
export function findCommand(command: string, path: string = process.env.PATH ?? ''): string {
  const folders = [...USUAL, ...path.split(delimiter).filter((folder) => isAbsolute(folder))]
  const candidates = isAbsolute(command) ? [command] : folders.map((folder) => join(folder, command))
  const found = candidates.find(isCommand)
  if (found === undefined) throw probeError('AGENT_PROBE_COMMAND', { command, found: 'not installed' })
  return found
}
