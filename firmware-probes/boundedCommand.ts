import { spawn } from 'node:child_process'
import { probeError } from './probeErrors.ts'

export type BoundedOptions = {
  readonly timeoutMs: number
  /** Largest output taken; 64 MiB. */
  readonly mostBytes?: number
  /** Exit codes with which the output is still the answer; only 0 by default. */
  readonly usableCodes?: readonly number[]
}

const MOST_BYTES = 64 * 1024 * 1024

/** Ends a process and everything it started; both were put into a group of their own. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Ended already.
  }
}

/**
 * Runs a command without a shell and returns its standard output. It is killed with its whole group when its time or
 * its output is used up, and one that hangs in the kernel does not hold this process: the promise rejects on time.
 * @throws AssayError AGENT_PROBE_COMMAND, AGENT_PROBE_TIMEOUT or AGENT_PROBE_LIMIT
 */
export function boundedCommand(
  path: string,
  args: readonly string[],
  { timeoutMs, mostBytes = MOST_BYTES, usableCodes = [0] }: BoundedOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const command = [path, ...args].join(' ')
    const child = spawn(path, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    })
    const chunks: Buffer[] = []
    let bytes = 0
    let complaint = ''
    const finish = (error: Error | null) => {
      clearTimeout(timer)
      child.stdout.destroy()
      child.stderr.destroy()
      child.unref()
      if (error !== null) endGroup(child.pid)
      if (error !== null) reject(error)
      else resolve(Buffer.concat(chunks).toString('utf8'))
    }
    const timer = setTimeout(
      () => finish(probeError('AGENT_PROBE_TIMEOUT', { command, waitedMs: timeoutMs })),
      timeoutMs,
    )
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes > mostBytes) finish(probeError('AGENT_PROBE_LIMIT', { command, most: mostBytes }))
    })
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(0, 300)
    })
    child.on('error', (cause) =>
      finish(probeError('AGENT_PROBE_COMMAND', { command, found: cause.message }, cause)),
    )
    child.on('close', (code, signal) => {
      if (code !== null && usableCodes.includes(code)) return finish(null)
      const said = complaint.trim() || Buffer.concat(chunks).toString('utf8').trim().slice(0, 300)
      finish(
        probeError('AGENT_PROBE_COMMAND', {
          command,
          exit: code ?? signal,
          found: said.split('\n')[0] ?? '',
        }),
      )
    })
  })
}
