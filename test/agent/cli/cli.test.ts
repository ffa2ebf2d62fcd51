import { execFile, spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { type FakeFeed, startFakeFeed } from '../helpers/fakeFeed.ts'
import { waitFor } from '../helpers/waitFor.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const recording = join(root, 'test', 'fixtures', 'recordings', 'synthetic-h200x8.ndjson.gz')
const flags = ['--import=tsx', '--conditions=@assay/source', join(root, 'assay.ts')]
type Run = { code: number | null; stdout: string; stderr: string }

function assay(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...flags, ...args],
      { cwd: root, timeout: 30_000 },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    )
  })
}

/** A configuration over the synthetic recording. */
function configIn(directory: string, feed: FakeFeed | null, more = ''): string {
  const file = join(directory, 'agent.yaml')
  const nodes = feed
    ? `roster:\n  nodes: [${feed.nodes.map((node) => node.url).join(', ')}]\n  fingerprint: "${feed.fingerprint}"\nmqtt: {url: "${feed.brokerUrl}"}\n`
    : ''
  writeFileSync(
    file,
    `version: 1\nstate: {directory: state}\nsource: {kind: "recording:${recording}", samplePeriod: 100ms, batchPeriod: 200ms}\nmetrics: {listen: off}\n${nodes}${more}`,
  )
  return file
}

t.test('config check and print: exit codes, places, origins', async (t) => {
  const directory = t.testdir({ 'bad.yaml': 'version: 1\nmqtt:\n  url: http://x\n' })
  const bad = await assay('config', 'check', '--config', join(directory, 'bad.yaml'))
  t.equal(bad.code, 78)
  t.match(bad.stderr, /bad\.yaml:3:8: mqtt\.url: found text "http:\/\/x", wanted a URL/)
  const good = configIn(directory, null)
  t.match(await assay('config', 'check', '--config', good), { code: 0, stdout: /ok/ })
  const printed = await assay('config', 'print', '--config', good)
  t.equal(printed.code, 0)
  t.match(printed.stdout, /samplePeriod: 100ms {2}# .*agent\.yaml:3:/)
  t.match(printed.stdout, /keepalive: 30s {2}# default/)
  t.equal((await assay('config', 'check', '--config', join(directory, 'none.yaml'))).code, 78)
})

t.test('enroll, doctor and run over a recording', async (t) => {
  const feed = await startFakeFeed()
  t.teardown(() => feed.stop())
  const directory = t.testdir()
  const config = configIn(directory, feed)
  const enrolled = await assay('agent', 'enroll', '--config', config, '--json')
  t.equal(enrolled.code, 0, enrolled.stderr)
  const report = JSON.parse(enrolled.stdout)
  t.match(report, {
    level: 'L0',
    source: 'recording:synthetic-h200x8',
    roster: { fingerprint: feed.fingerprint },
  })
  t.equal(report.devices.length, 8)
  t.ok(report.nodes.every((node: { state: string }) => node.state === 'pending'))
  t.ok(feed.nodes.every((node) => node.enrolments.length === 1))

  const well = await assay('agent', 'doctor', '--config', config, '--json')
  const { ok, checks } = JSON.parse(well.stdout)
  t.ok(ok, JSON.stringify(checks.filter((check: { state: string }) => check.state === 'fail')))
  t.equal(well.code, 0)
  for (const check of checks) t.hasProps(check, ['state', 'what', 'found', 'wanted', 'mend'])
  t.ok(
    checks.every(
      (check: { state: string; mend: string | null }) => (check.state === 'ok') === (check.mend === null),
    ),
  )

  const child = spawn(process.execPath, [...flags, 'agent', 'run', '--config', config], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await waitFor('the ready line', () => lines.length > 0, 20_000)
  t.match(
    lines[0],
    new RegExp(
      `^assay agent ready: ${report.agentId} boot \\d+, source recording:synthetic-h200x8, 8 devices`,
    ),
  )
  await waitFor('batches at a node', () => (feed.nodes[0]?.chain.length ?? 0) > 3)
  const second = await assay('agent', 'run', '--config', config)
  t.equal(second.code, 75, 'a second agent on one state directory')
  t.match(second.stderr, /AGENT_STATE_LOCKED/)
  child.kill('SIGTERM')
  t.equal(await ended, 0, 'a clean end')
  t.equal(lines.length, 1, 'nothing else on standard output')
})

t.test('doctor names every fault with its mend and exits 1', async (t) => {
  const directory = t.testdir()
  const config = configIn(
    directory,
    null,
    'roster: {nodes: ["http://127.0.0.1:9"], fingerprint: "00"}\nmqtt: {url: "mqtt://127.0.0.1:9"}\n',
  )
  const broken = await assay('agent', 'doctor', '--config', config)
  t.equal(broken.code, 1)
  t.match(broken.stdout, /FAIL {2}configuration: .*roster\.fingerprint/)
  const unreachable = configIn(
    directory,
    null,
    'roster: {nodes: ["http://127.0.0.1:9"]}\nmqtt: {url: "mqtt://127.0.0.1:9"}\n',
  )
  const lines = await assay('agent', 'doctor', '--config', unreachable)
  t.equal(lines.code, 1)
  t.match(lines.stdout, /FAIL {2}node http:\/\/127\.0\.0\.1:9: .*ECONNREFUSED/)
  t.match(lines.stdout, /FAIL {2}broker mqtt:\/\/127\.0\.0\.1:9: .*ECONNREFUSED/)
  t.match(lines.stdout, /warn {2}source: readings that no hardware gave/)
  t.match(lines.stdout, /mend: {3}/)
})

t.test('a refused or unreachable enrolment has its own exit code', async (t) => {
  const feed = await startFakeFeed()
  t.teardown(() => feed.stop())
  const directory = t.testdir()
  const config = configIn(directory, feed)
  for (const node of feed.nodes.slice(1)) node.enrolStatus = 503
  t.equal((await assay('agent', 'enroll', '--config', config)).code, 75)
  for (const node of feed.nodes) node.enrolStatus = 403
  const refused = await assay('agent', 'enroll', '--config', config)
  t.equal(refused.code, 1)
  t.match(refused.stdout, /AGENT_ENROL_REFUSED .*ORACLE_TEST|AGENT_ENROL_REFUSED/)
  t.notOk(existsSync(join(directory, 'state', 'spool')), 'enrolling signs no log entry')
})
