import { fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childFlags } from '../childFlags.ts'
import type { FromChild, ToChild } from './messages.ts'
import { ProgressWord, type Touch } from './progressWord.ts'

/** The parent's end of one NVML child process. */
export interface ChildLink {
  send(message: ToChild): void
  onMessage(listener: (message: FromChild) => void): void
  /** Called once, after the last message, when the process has ended and was reaped. */
  onGone(listener: (ended: { readonly code: number | null; readonly signal: string | null }) => void): void
  /** Which device the child is reading, also when it hangs or has ended. */
  touching(): Touch | null
  /** SIGKILL, and this process no longer waits for the child in order to end itself. */
  kill(): void
}

/** Starts an NVML child on a library path. */
export type LaunchChild = (library: string) => ChildLink

/** A small heap: the child holds a few kB. */
const HEAP_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=32']

/** Forks `child.ts` (from source) or `child.js` (from a build), with the loader flags of this process. */
export const forkChild: LaunchChild = (library) => {
  const entry = new URL(`./child${extname(fileURLToPath(import.meta.url))}`, import.meta.url)
  const progress = new ProgressWord()
  const child = fork(fileURLToPath(entry), [library], {
    serialization: 'json',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc', progress.fd],
    execArgv: [...childFlags(), ...HEAP_FLAGS],
    env: { ...process.env, UV_THREADPOOL_SIZE: '1', NODE_OPTIONS: '' },
  })
  let exited: { code: number | null; signal: string | null } | null = null
  let drained = false
  let gone: ((ended: { code: number | null; signal: string | null }) => void) | null = null
  const settle = () => {
    if (exited === null || !drained || gone === null) return
    gone(exited)
    gone = null
    progress.close()
  }
  child.on('exit', (code, signal) => {
    exited = { code, signal }
    // A channel that never opened gives no disconnect.
    if (!child.connected) drained = true
    settle()
  })
  child.on('disconnect', () => {
    drained = true
    settle()
  })
  child.on('error', () => {
    exited ??= { code: null, signal: 'ENOENT' }
    drained = true
    settle()
  })
  return {
    send: (message) => {
      if (child.connected) child.send(message, () => undefined)
    },
    onMessage: (listener) => child.on('message', (message) => listener(message as FromChild)),
    touching: () => (gone === null ? null : progress.read()),
    onGone: (listener) => {
      gone = listener
      settle()
    },
    kill: () => {
      child.kill('SIGKILL')
      child.unref()
      child.channel?.unref()
    },
  }
}
