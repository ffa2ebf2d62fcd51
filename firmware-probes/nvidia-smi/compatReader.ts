import { fork } from 'node:child_process'
import { dirname, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childFlags } from '../childFlags.ts'
import { probeError } from '../probeErrors.ts'

type Answer = { readonly error?: string; readonly data?: unknown }

/**
 * Reads through the package node-nvidia-smi, bounded by a process of our own. The package has no time limit, takes at
 * most 1 MiB, gives up good output for any word on stderr, finds its command by PATH, and drops the schema version;
 * whoever calls this must be ready to read in another way.
 * @throws AssayError AGENT_PROBE_TIMEOUT or AGENT_PROBE_COMMAND
 */
export function compatReader(command: string, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const entry = new URL(`./compatChild${extname(fileURLToPath(import.meta.url))}`, import.meta.url)
    const child = fork(fileURLToPath(entry), [], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [...childFlags()],
      env: { PATH: `${dirname(command)}:/usr/bin:/bin`, LC_ALL: 'C' },
    })
    let settled = false
    const finish = (outcome: () => void) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // The group has ended.
      }
      child.unref()
      child.channel?.unref()
      outcome()
    }
    const refuse = (found: string) => () =>
      reject(probeError('AGENT_PROBE_COMMAND', { command, reader: 'node-nvidia-smi', found }))
    const timer = setTimeout(
      () => finish(() => reject(probeError('AGENT_PROBE_TIMEOUT', { command, waitedMs: timeoutMs }))),
      timeoutMs,
    )
    child.on('message', (message) => {
      const { error, data } = message as Answer
      finish(error === undefined ? () => resolve(data) : refuse(error))
    })
    child.on('error', (cause) => finish(refuse(cause.message)))
    child.on('exit', (code, signal) => finish(refuse(`the reader ended with ${signal ?? code}`)))
  })
}
