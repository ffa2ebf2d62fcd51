import t, { type Test } from 'tap'
import { anvilBinary } from '../../oracle/registry/anvil.ts'
import type { UpSummary } from '../../oracle/up/upSummary.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { type AssayProcess, runAssay } from '../helpers/assayProcess.ts'
import { nothingLeft } from '../helpers/nothingLeft.ts'

const reason = anvilBinary() ? null : 'anvil is not installed (npm install, optional packages)'
if (reason !== null && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(reason)
t.setTimeout(180_000)

const up = (t: Test, ...args: string[]): AssayProcess => {
  const run = runAssay(['up', '--port', '0', ...args])
  t.teardown(() => run.end())
  return run
}

if (reason !== null) t.plan(0, reason)
else {
  t.test('three rounds: exit 0, one JSON object last, nothing left', async (t) => {
    const run = up(t, '--rounds', '3', '--json')
    const { code } = await run.ended
    t.equal(code, 0, run.err.slice(-5).join('\n'))
    const summary = JSON.parse(run.out.at(-1) ?? '') as UpSummary
    t.equal(run.out.length, 1, 'standard output is the result and nothing else')
    t.match(summary.source, /^(nvml|recording:.+)/)
    if (summary.source.startsWith('recording:')) t.equal(summary.devices, 8)
    t.ok(summary.devices >= 1)
    for (const name of ['batches', 'verified', 'rejected', 'spooled', 'acked', 'startedInMs'] as const)
      t.equal(typeof summary[name], 'number', name)
    t.ok(summary.acked > 0, `${summary.acked} entries acked by M`)
    t.ok(summary.verified > 0 && summary.verified <= summary.batches)
    t.equal(summary.rejected, 0)
    t.ok(summary.rounds.length >= 3)
    for (const round of summary.rounds) {
      t.equal(round.leafCount, summary.devices)
      t.ok(round.signers.length >= 2, `round ${round.round}: ${round.signers.length} signers`)
      t.match(round.root, /^0x[0-9a-f]{64}$/)
      t.match(round.tx, /^0x[0-9a-f]{64}$/)
      t.ok((round.gasUsed ?? 0) > 21_000)
    }
    await nothingLeft(t, run, 6)
  })

  t.test('SIGINT while the nodes start: everything ends', async (t) => {
    const run = up(t)
    await run.line(/broker at/)
    await waitFor('the nodes', async () => run.seen().some((each) => / node --config/.test(each.command)))
    const at = Date.now()
    run.signal('SIGINT')
    t.equal((await run.ended).code, 0)
    t.ok(Date.now() - at < 8000, `after ${Date.now() - at} ms`)
    await nothingLeft(t, run, 5)
  })
}
