import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** One process of `assay up`, started from this program's own command line. */
export type Part = {
  readonly name: string
  readonly pid: number
  /** Resolves when the process has ended, wanted or not. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  stop(): Promise<void>
}

const STOP_MS = 5000

/**
 * Starts `assay …args` as a child whose output goes to `logFile`; resolves when a line of its output matches `ready`.
 * @throws Error with the last lines of its output when it ends first
 */
export function startPart(
  name: string,
  args: readonly string[],
  logFile: string,
  ready: RegExp,
): Promise<Part & { readonly readyLine: string }> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] as string, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: false,
  })
  const log = createWriteStream(logFile, { flags: 'a' })
  const tail: string[] = []
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  return new Promise((resolve, reject) => {
    const hear = (line: string): void => {
      log.write(`${line}\n`)
      tail.push(line)
      if (tail.length > 12) tail.shift()
      if (ready.test(line))
        resolve({
          name,
          pid: child.pid as number,
          ended,
          stop: () => stopChild(child, ended),
          readyLine: line,
        })
    }
    createInterface({ input: child.stdout }).on('line', hear)
    createInterface({ input: child.stderr }).on('line', hear)
    child.once('error', reject)
    void ended.then(({ code, signal }) => {
      log.end()
      reject(new Error(`${name} ended (${signal ?? code}) before it was ready:\n${tail.join('\n')}`))
    })
  })
}

async function stopChild(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
}
