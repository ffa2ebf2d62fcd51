import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../oracle/up/packageRoot.ts'

const RUNS = 3

/** Milliseconds from the start of `assay up` to the first posted round over all GPUs, as the built program does it. */
export async function benchStart(): Promise<object> {
  const startedInMs: number[] = []
  for (let i = 0; i < RUNS; i++) {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(packageRoot(), 'bin', 'assay.mjs'),
      'up',
      '--rounds',
      '1',
      '--json',
    ])
    startedInMs.push(
      (JSON.parse(stdout.trim().split('\n').at(-1) as string) as { startedInMs: number }).startedInMs,
    )
  }
  return { runs: RUNS, startedInMs: startedInMs.sort((a, b) => a - b) }
}
