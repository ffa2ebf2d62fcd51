import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { oracleError } from '../oracleErrors.ts'

/** One process of `assay up`, started from this program's own command line. */
export type Part = {
  readonly name: string
  readonly pid: number
  /** Resolves when the process has ended, wanted or not. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** Its last lines of output. */
  tail(): string
  stop(): Promise<void>
}

const STOP_MS = 5000
/** Linux ends what it runs when its parent dies, so that a `kill -9` of ours leaves no part behind. */
const SETPRIV = '/usr/bin/setpriv'

/**
 * Starts `assay …args` as a child whose output goes to `logFile`; resolves when a line of its output matches `ready`.
 * Aborting `signal` before that ends it.
 * @throws AssayError ORACLE_UP with the last lines of its output when it ends first
 */
export async function startPart(
  name: string,
  args: readonly string[],
  logFile: string,
  ready: RegExp,
  signal: AbortSignal,
): Promise<Part & { readonly readyLine: string }> {
  signal.throwIfAborted()
  const guarded = existsSync(SETPRIV)
  const command = [
    ...(guarded ? [SETPRIV, '--pdeathsig', 'TERM', '--'] : []),
    ...[process.execPath, ...process.execArgv, process.argv[1] as string, ...args],
  ]
  // In a process group of its own, so that Ctrl-C reaches it once and in order, through `stop`.
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: guarded,
  })
  const log = createWriteStream(logFile, { flags: 'a' })
  const tail: string[] = []
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const giveUp = (): void => void stopChild(child, ended)
  signal.addEventListener('abort', giveUp, { once: true })
  return new Promise((resolve, reject) => {
    const hear = (line: string): void => {
      log.write(`${line}\n`)
      tail.push(line)
      if (tail.length > 12) tail.shift()
      if (!ready.test(line)) return
      signal.removeEventListener('abort', giveUp)
      resolve({
        name,
        pid: child.pid as number,
        ended,
        tail: () => tail.join('\n'),
        stop: () => stopChild(child, ended),
        readyLine: line,
      })
    }
    createInterface({ input: child.stdout }).on('line', hear)
    createInterface({ input: child.stderr }).on('line', hear)
    child.once('error', reject)
    void ended.then((end) => {
      log.end()
      signal.removeEventListener('abort', giveUp)
      const found = `ended before it was ready (${end.signal ?? end.code})`
      reject(oracleError('ORACLE_UP', { part: name, found, output: `\n${tail.join('\n')}\n` }))
    })
  })
}

async function stopChild(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
}
