import type { Test } from 'tap'
import type { AssayProcess } from './assayProcess.ts'
import { stillAlive } from './processTree.ts'

/** Asserts that at least `least` processes were seen below a run that has ended, and that none of them still runs. */
export async function nothingLeft(t: Test, run: AssayProcess, least: number): Promise<void> {
  t.ok(run.seen().length >= least, `${run.seen().length} processes were below it`)
  const left = stillAlive(run.seen())
  t.same(
    left.map((each) => each.command),
    [],
    'none of them is left',
  )
}
