import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { anvilBinary } from '../../oracle/registry/anvil.ts'
import { runAssay } from '../helpers/assayProcess.ts'
import { startNodeBench } from '../helpers/nodeBench.ts'
import { freePort } from '../helpers/realServer.ts'

const noAnvil = anvilBinary() ? false : 'anvil is not installed (npm install, optional packages)'
if (noAnvil && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(noAnvil)
t.setTimeout(120_000)

/** Runs `assay node` to its end; it must end by itself, and quickly. */
async function refused(t: Test, args: readonly string[], code: number, env = {}): Promise<string> {
  const run = runAssay(['node', ...args], env)
  t.teardown(() => run.end())
  const end = await run.ended
  t.same(end, { code, signal: null }, `exit code ${code}`)
  const text = [...run.out, ...run.err].join('\n')
  t.notMatch(text, /"ready"/, 'it never said that it was ready')
  t.notMatch(text, /^\s+at .+:\d+:\d+\)?$/m, 'no stack trace')
  return text
}

t.test('a configuration that does not hold: file, line, column and the way out', async (t) => {
  const file = join(t.testdir(), 'oracle.config.yaml')
  writeFileSync(
    file,
    ['version: 1', 'http:', '  port: eighty', 'chain:', '  finality: soon', 'mqtt:', '  urll: x', ''].join(
      '\n',
    ),
    { mode: 0o600 },
  )
  const text = await refused(t, ['--config', file], 78, { ASSAY_ORACLE_HTTP_HOSTT: 'x' })
  t.match(text, 'ORACLE_CONFIG')
  t.match(text, `${file}:3:9: http.port: found text "eighty", wanted a whole number`)
  t.match(text, `${file}:5:13: chain.finality`)
  t.match(text, `${file}:7:3`)
  t.match(text, 'Did you mean url?', 'the nearest name')
  t.match(text, 'ASSAY_ORACLE_HTTP_HOSTT')
  t.match(text, 'roster.file', 'what is missing')
  t.match(await refused(t, ['--config', join(t.testdir(), 'none.yaml')], 78), 'ENOENT')
})

t.test('what a node meets when it starts', { skip: noAnvil }, async (t) => {
  const bench = await startNodeBench()
  t.teardown(() => bench.stop())
  const start = (change: Record<string, unknown>) => ['--config', bench.configure(change)]

  t.test('no chain', async (t) => {
    const url = `http://127.0.0.1:${await freePort()}`
    const text = await refused(t, start({ 'chain.rpcUrl': url }), 1)
    t.match(text, 'ORACLE_CHAIN_UNREACHABLE')
    t.match(text, new URL(url).host)
  })

  t.test('another chain than configured', async (t) => {
    const text = await refused(t, start({ 'chain.id': 1 }), 1)
    t.match(text, 'ORACLE_CHAIN_ID')
    t.match(text, /31337/)
  })

  t.test('something else than a chain behind the address', async (t) => {
    const web = createServer((_, response) => response.end('<html>it works</html>'))
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
    t.teardown(() => web.close())
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
    t.match(await refused(t, start({ 'chain.rpcUrl': url }), 1), 'ORACLE_CHAIN_UNREACHABLE')
  })

  t.test('no contract at the address', async (t) => {
    const text = await refused(t, start({ 'chain.healthOracle': `0x${'12'.repeat(20)}` }), 1)
    t.match(text, 'ORACLE_CHAIN_CONTRACT')
  })

  t.test('a roster that is not the agreed one, none, or something else', async (t) => {
    const text = await refused(t, start({ 'roster.fingerprint': 'ab'.repeat(32) }), 78)
    t.match(text, /ORACLE_CONFIG.*roster\.fingerprint/)
    t.match(text, bench.settings['roster.fingerprint'] as string, 'what was found')
    t.match(text, 'ab'.repeat(32), 'what was wanted')
    t.match(await refused(t, start({ 'roster.file': '/nowhere/roster.cbor' }), 78), /roster\.file.*ENOENT/)
    const junk = join(bench.home, 'junk.cbor')
    writeFileSync(junk, 'not a roster')
    t.match(await refused(t, start({ 'roster.file': junk }), 78), /ORACLE_CONFIG.*roster\.file/)
  })

  t.test('a key that others can read is not used', async (t) => {
    for (const name of ['report', 'transport', 'transmitter']) {
      const file = join(bench.home, `loose-${name}.pem`)
      if (!existsSync(join(bench.home, 'transmitter.pem')))
        writeFileSync(join(bench.home, 'transmitter.pem'), readFileSync(join(bench.home, 'report.pem')), {
          mode: 0o600,
        })
      writeFileSync(file, readFileSync(join(bench.home, `${name}.pem`)))
      chmodSync(file, 0o640)
      const text = await refused(t, start({ [`keys.${name}File`]: file }), 1)
      t.match(text, 'ORACLE_KEY_PERMISSIONS')
      t.match(text, '640')
    }
    const junk = join(bench.home, 'junk.pem')
    writeFileSync(junk, 'no key', { mode: 0o600 })
    t.match(await refused(t, start({ 'keys.reportFile': junk }), 1), 'ORACLE_KEY_FORMAT')
  })

  t.test('a port that is taken', async (t) => {
    const web = createServer()
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
    t.teardown(() => web.close())
    const { port } = web.address() as AddressInfo
    const text = await refused(t, start({ 'http.port': port }), 1)
    t.match(text, 'ORACLE_API_LISTEN')
    t.match(text, 'EADDRINUSE')
  })

  t.test('a state directory that cannot be one', async (t) => {
    const file = join(bench.home, 'a-file')
    writeFileSync(file, '')
    t.match(await refused(t, start({ 'state.directory': join(file, 'state') }), 1), 'ORACLE_STATE_DIRECTORY')
  })

  t.test('loose permissions are taken away, and a second node on the directory is refused', async (t) => {
    const state = join(bench.home, 'state')
    mkdirSync(state)
    chmodSync(state, 0o755)
    const first = runAssay(['node', ...start({ 'state.directory': state })])
    t.teardown(() => first.end())
    await first.line(/"ready"/)
    t.equal(statSync(state).mode & 0o777, 0o700)
    const text = await refused(t, start({ 'state.directory': state, 'http.port': await freePort() }), 1)
    t.match(text, 'ORACLE_STATE_LOCKED')
    const health = await fetch(`http://127.0.0.1:${bench.settings['http.port']}/healthz`)
    t.equal(health.status, 503, 'without a broker it says so')
    t.match(await health.text(), 'broker')
    first.signal('SIGKILL')
    await first.ended
    const again = runAssay(['node', ...start({ 'state.directory': state })])
    t.teardown(() => again.end())
    await again.line(/"ready"/)
    again.signal('SIGTERM')
    t.same(await again.ended, { code: 0, signal: null }, 'a killed node leaves no lock; SIGTERM ends it')
  })
})
