import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../../oracle/up/packageRoot.ts'
import { descendants, type SeenProcess } from './processTree.ts'

/** The built program, run with arguments, with everything that it printed and started. */
export type AssayProcess = {
  readonly pid: number
  readonly out: readonly string[]
  readonly err: readonly string[]
  /** Resolves to the first line of either output that matches. @throws Error with the output when it ends before */
  line(pattern: RegExp, limitMs?: number): Promise<string>
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** Every process that was seen below it, up to now. */
  seen(): readonly SeenProcess[]
  signal(name: NodeJS.Signals): void
  /** SIGKILL when it still runs, and the end. */
  end(): Promise<void>
}

const LOOK_MS = 100

/** Runs `dist/assay.js …args`; `env` is added to this process's own. */
export function runAssay(args: readonly string[], env: Readonly<Record<string, string>> = {}): AssayProcess {
  const child = spawn(process.execPath, [join(packageRoot(), 'dist', 'assay.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const pid = child.pid as number
  const out: string[] = []
  const err: string[] = []
  const listeners = new Set<(line: string) => void>()
  for (const [stream, lines] of [
    [child.stdout, out],
    [child.stderr, err],
  ] as const)
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      for (const listener of listeners) listener(line)
    })
  const tree = new Map<string, SeenProcess>()
  const look = (): void => {
    for (const each of descendants(pid)) tree.set(`${each.pid} ${each.startedAt}`, each)
  }
  const timer = setInterval(look, LOOK_MS)
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => {
      clearInterval(timer)
      resolve({ code, signal })
    }),
  )
  return {
    pid,
    out,
    err,
    ended,
    seen: () => [...tree.values()],
    line(pattern, limitMs = 60_000) {
      const already = [...out, ...err].find((line) => pattern.test(line))
      if (already !== undefined) return Promise.resolve(already)
      return new Promise((resolve, reject) => {
        const fail = (why: string): void => {
          done()
          reject(new Error(`${why} before ${pattern}:\n${[...out, ...err].slice(-20).join('\n')}`))
        }
        const late = setTimeout(() => fail(`${limitMs / 1000} s passed`), limitMs)
        const hear = (line: string): void => {
          if (!pattern.test(line)) return
          done()
          resolve(line)
        }
        const done = (): void => {
          clearTimeout(late)
          listeners.delete(hear)
        }
        listeners.add(hear)
        void ended.then(({ code, signal }) => fail(`it ended (${signal ?? code})`))
      })
    },
    signal(name) {
      look()
      child.kill(name)
    },
    async end() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
