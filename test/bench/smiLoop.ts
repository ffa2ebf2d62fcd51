import { spawn, spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { findProgram } from '../helpers/realServer.ts'
import { processTree, ticksPerSecond } from './processTree.ts'

const SETTLE_MS = 3000

/** Why there is no `nvidia-smi` loop to compare with here, or null. */
export function noNvidiaSmi(): string | null {
  const program = findProgram('nvidia-smi')
  if (program === undefined) return 'nvidia-smi is not installed'
  const { status, stdout } = spawnSync(program, ['-L'], { encoding: 'utf8', timeout: 30_000 })
  if (status === 0 && /^GPU 0: /m.test(stdout)) return null
  return `nvidia-smi found no GPU (exit code ${status}): ${stdout.trim().slice(0, 200)}`
}

/** Processor time of `nvidia-smi -q -x -l 1`, which reads everything once a second, over `ms` milliseconds. */
export async function nvidiaSmiLoop(
  ms: number,
): Promise<{ readonly command: string; readonly percentOfCore: number }> {
  const args = ['-q', '-x', '-l', '1']
  const child = spawn(findProgram('nvidia-smi') as string, args, { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const ticks = (): number => processTree(child.pid as number).reduce((sum, one) => sum + one.ticks, 0)
  try {
    await pause(SETTLE_MS)
    const [before, from] = [ticks(), performance.now()]
    await pause(ms)
    const seconds = (performance.now() - from) / 1000
    const percent = (100 * (ticks() - before)) / ticksPerSecond() / seconds
    if (percent === 0) throw new Error('the nvidia-smi loop took no measurable processor time: did it end?')
    return { command: ['nvidia-smi', ...args].join(' '), percentOfCore: Number(percent.toFixed(3)) }
  } finally {
    child.kill()
    await ended
  }
}
