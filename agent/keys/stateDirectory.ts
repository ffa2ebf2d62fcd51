import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, chmod, mkdir, realpath, rm, stat } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { agentError } from '../agentErrors.ts'

/** The files of an agent. */
export type StatePaths = {
  readonly directory: string
  readonly key: string
  readonly devices: string
  readonly boots: string
  readonly roster: string
  readonly enrolment: string
  readonly spool: string
}

/** Where everything of an agent stands under its state directory. */
export function statePaths(directory: string): StatePaths {
  return {
    directory,
    key: join(directory, 'agent-key.pem'),
    devices: join(directory, 'devices.json'),
    boots: join(directory, 'boots.json'),
    roster: join(directory, 'roster.cbor'),
    enrolment: join(directory, 'enrolment.json'),
    spool: join(directory, 'spool'),
  }
}

/**
 * Makes sure of a directory that this user may write and nobody else may read.
 * @throws AssayError AGENT_STATE_DIRECTORY
 */
export async function prepareStateDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    const { mode } = await stat(directory)
    if ((mode & 0o077) !== 0) await chmod(directory, 0o700)
  } catch (cause) {
    throw agentError(
      'AGENT_STATE_DIRECTORY',
      { directory, found: (cause as NodeJS.ErrnoException).code },
      cause,
    )
  }
}

/**
 * Holds the state directory for this process until released; a process that ends without releasing holds nothing.
 * @throws AssayError AGENT_STATE_LOCKED while another agent is alive on it
 */
export async function lockStateDirectory(directory: string): Promise<{ release(): Promise<void> }> {
  const path = await lockPath(directory)
  for (let attempt = 0; ; attempt++) {
    const server = await listen(path)
    if (server) return { release: () => new Promise((done) => server.close(() => done())) }
    if (attempt > 0 || (await isAlive(path))) throw agentError('AGENT_STATE_LOCKED', { directory })
    await rm(path, { force: true })
  }
}

/** A socket path may not be longer than about 100 bytes; a state directory may. */
async function lockPath(directory: string): Promise<string> {
  const path = join(directory, 'lock')
  if (path.length < 100) return path
  const name = createHash('sha256')
    .update(await realpath(directory))
    .digest('hex')
    .slice(0, 32)
  return join(process.env.XDG_RUNTIME_DIR ?? '/tmp', `assay-${name}.lock`)
}

function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE'
        ? resolve(null)
        : reject(agentError('AGENT_STATE_DIRECTORY', { path, found: error.code }, error)),
    )
    server.listen(path, () => {
      server.unref()
      resolve(server)
    })
  })
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
