import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'
import { anvilBinary } from '../../oracle/registry/anvil.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { type AssayProcess, runAssay } from '../helpers/assayProcess.ts'
import { nothingLeft } from '../helpers/nothingLeft.ts'
import { stillAlive } from '../helpers/processTree.ts'

const reason = anvilBinary() ? null : 'anvil is not installed (npm install, optional packages)'
if (reason !== null && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(reason)
const noGuard = existsSync('/usr/bin/setpriv') ? false : 'setpriv is not installed (util-linux)'
if (noGuard && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(noGuard)
t.setTimeout(180_000)

const up = (t: Test, ...args: string[]): AssayProcess => {
  const run = runAssay(['up', '--port', '0', ...args])
  t.teardown(() => run.end())
  return run
}

if (reason !== null) t.plan(0, reason)
else {
  t.test('SIGTERM while a page listens: everything ends', async (t) => {
    const run = up(t)
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await run.line(/page: /))?.[0]
    const stream = await fetch(`${url}/api/v1/stream`)
    t.equal(stream.status, 200)
    const at = Date.now()
    run.signal('SIGTERM')
    t.equal((await run.ended).code, 0)
    t.ok(Date.now() - at < 8000, `after ${Date.now() - at} ms`)
    await stream.text().catch(() => undefined)
    await nothingLeft(t, run, 6)
  })

  t.test('a part that dies: exit 1, said, and nothing left', async (t) => {
    const run = up(t)
    await run.line(/page: /)
    const node = run.seen().find((each) => /node-1\.yaml/.test(each.command))
    process.kill(node?.pid as number, 'SIGKILL')
    t.equal((await run.ended).code, 1)
    t.match(run.err.at(-1), /stopping/)
    t.match(run.err.join('\n'), /node-1, found: ended by itself \(SIGKILL\)/)
    await nothingLeft(t, run, 6)
  })

  t.test('kill -9: what it started ends by itself', { skip: noGuard }, async (t) => {
    const run = up(t)
    await run.line(/3 nodes/)
    run.signal('SIGKILL')
    await run.ended
    await waitFor('the end of all parts', async () => stillAlive(run.seen()).length === 0, 20_000)
    await nothingLeft(t, run, 5)
  })
}
