import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fromHex } from '#protocol/bytes'
import type { AssetsView } from '#protocol/http/assetView'
import type { FeedInfo } from '#protocol/http/feedInfo'
import type { RoundSummary } from '#protocol/http/roundView'
import { reportAddress } from '#protocol/wire/reportSignature'
import { encodeRoster, type Roster, rosterFingerprint } from '#protocol/wire/roster'
import type { EnrolledAgent } from '../api/nodeView.ts'
import { loadReportKey } from '../keys/reportKey.ts'
import { loadTransportKey } from '../keys/transportKey.ts'
import { oracleError } from '../oracleErrors.ts'
import { checkServers } from './checkServers.ts'
import { writeConfigFile } from './configFile.ts'
import { freePort } from './freePort.ts'
import { type Part, startPart } from './part.ts'
import { createProgress } from './progress.ts'
import { admitAgent } from './registrar.ts'
import { deployFeed, openUpChain, readKeyFile } from './upChain.ts'
import { agentSettings, defaultRecording, nodeSettings } from './upSettings.ts'
import { findSource, sourceInWords } from './upSource.ts'
import { metricSum, summaryRounds, type UpSummary } from './upSummary.ts'
import { waitFor } from './waitFor.ts'

/** Arguments of `assay up`. */
export type UpOptions = {
  readonly rounds?: number
  readonly port: number
  readonly source: string
  readonly broker?: string
  readonly influx?: string
  readonly rpc?: string
  readonly deployerKeyFile?: string
  readonly state?: string
  readonly json?: boolean
}

const NODES = 3
const THRESHOLD = 2
const EPOCH_S = 5

/**
 * Runs the whole path on this machine, each part its own process, until the wanted rounds are posted or the person
 * stops it. Everything it started ends with it. Exit code: 0 done or stopped, 1 a part failed.
 */
export async function up(options: UpOptions): Promise<number> {
  const startedAt = Date.now()
  const progress = createProgress(startedAt)
  const dir = options.state ? resolve(options.state) : mkdtempSync(join(tmpdir(), 'assay-up-'))
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const stops: (() => Promise<unknown>)[] = []
  const stopAll = async (): Promise<void> => {
    for (let stop = stops.pop(); stop; stop = stops.pop()) await stop().catch(() => undefined)
  }
  const ending = new AbortController()
  const { interrupted, forget } = onInterrupt()
  const broken = (part: Part): Promise<never> =>
    part.ended.then(({ code, signal }) => {
      const found = `ended by itself (${signal ?? code})`
      throw oracleError('ORACLE_UP', { part: part.name, found, output: `\n${part.tail()}\n` })
    })
  const run = start(options, dir, startedAt, progress, stops, broken, ending.signal)
  try {
    const result = await Promise.race([run, interrupted.then(() => null)])
    if (result) {
      if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`)
      else
        for (const round of result.rounds)
          process.stdout.write(
            `round ${round.round}: ${round.leafCount} leaves, ${round.signers.length} signers, tx ${round.tx}\n`,
          )
    }
    return 0
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    return 1
  } finally {
    forget()
    if (!options.json) progress.step('stopping')
    ending.abort(new Error('stopped'))
    await stopAll()
    // What was just being started when the end came.
    await run.catch(() => undefined)
    await stopAll()
    if (!options.state) rmSync(dir, { recursive: true, force: true })
  }
}

async function start(
  options: UpOptions,
  dir: string,
  startedAt: number,
  progress: ReturnType<typeof createProgress>,
  stops: (() => Promise<unknown>)[],
  broken: (part: Part) => Promise<never>,
  signal: AbortSignal,
): Promise<UpSummary> {
  const failures: Promise<never>[] = []
  const begin = async (name: string, args: readonly string[], ready: RegExp) => {
    const part = await startPart(name, args, join(dir, `${name}.log`), ready, signal)
    stops.push(() => part.stop())
    const failure = broken(part)
    failure.catch(() => undefined)
    failures.push(failure)
    return part
  }
  const source = await findSource(options.source, defaultRecording())
  progress.done(`source: ${sourceInWords(source)}, ${source.devices} GPUs`)
  signal.throwIfAborted()
  await checkServers(options)
  progress.step(options.rpc ? `chain at ${options.rpc}` : 'local chain (anvil, one block a second)')
  const chain = await openUpChain(options.rpc)
  stops.push(() => chain.stop())
  signal.throwIfAborted()

  const ports = [await freePort(options.port), await freePort(), await freePort()]
  const keys = await Promise.all(ports.map((_, i) => nodeKeys(dir, i)))
  const roster: Roster = {
    feedId: new Uint8Array(randomBytes(32)),
    configId: 1,
    nodes: keys.map(({ report, transport }, i) => ({
      nodeId: fromHex(report.address) as Uint8Array,
      transportKey: transport.publicKey,
      url: `http://127.0.0.1:${ports[i]}`,
    })),
    threshold: THRESHOLD,
    validFrom: 0,
    validTo: 0,
    previous: new Uint8Array(32),
  }
  writeFileSync(join(dir, 'roster.cbor'), encodeRoster(roster))
  const deployer = options.deployerKeyFile
    ? readKeyFile(options.deployerKeyFile)
    : new Uint8Array(randomBytes(32))
  for (const address of [reportAddress(deployer), ...keys.map(({ transmitter }) => transmitter.address)])
    await chain.fund(address)
  const deployment = await deployFeed(chain, deployer, roster, EPOCH_S)
  writeFileSync(join(dir, 'deployment.json'), JSON.stringify(deployment, null, 2))
  progress.done(`contracts: HealthOracle ${deployment.healthOracle}, CaliberRegistry ${deployment.registry}`)

  let broker = options.broker
  if (!broker) {
    const port = await freePort()
    await begin('broker', ['broker', '--port', String(port), '--with-parent'], /"listening"/)
    broker = `mqtt://127.0.0.1:${port}`
    progress.done(`broker at ${broker} (embedded, its own process)`)
  }
  const brokerUrl = broker
  await Promise.all(
    roster.nodes.map(async (_, i) => {
      const file = join(dir, `node-${i}.yaml`)
      const influx = i === 0 ? options.influx : undefined
      writeConfigFile(
        file,
        nodeSettings({
          dir,
          index: i,
          port: ports[i] as number,
          broker: brokerUrl,
          rpc: chain.url,
          deployment,
          fingerprint: rosterFingerprint(roster),
          influx,
        }),
      )
      await begin(`node-${i}`, ['node', '--config', file], /"ready"|oracle node ready/)
    }),
  )
  progress.done(
    `${NODES} nodes, ${THRESHOLD} of ${NODES} sign: ${roster.nodes.map((node) => node.url).join(' ')}`,
  )

  const agentFile = join(dir, 'agent.yaml')
  const metricsPort = await freePort()
  writeConfigFile(
    agentFile,
    agentSettings({ dir, source: options.source, broker: brokerUrl, roster, metricsPort }),
  )
  await begin('agent', ['agent', 'run', '--config', agentFile], /assay agent ready/)
  const page = (roster.nodes[0] as Roster['nodes'][number]).url
  const agent = await waitFor(
    'the agent to enrol',
    async () => {
      const lists = await Promise.all(
        roster.nodes.map(
          async (node) =>
            ((await (await fetch(`${node.url}/agents`)).json()) as { agents: EnrolledAgent[] }).agents,
        ),
      )
      return lists.every((list) => list.some((each) => each.state === 'approved')) && lists[0]?.[0]
    },
    60_000,
    100,
    signal,
  )
  const feed = (await (await fetch(`${page}/api/v1/feed`)).json()) as FeedInfo
  const shown = sourceInWords(feed.source)
  progress.done(`agent ${agent.agentId.slice(0, 16)}…: ${agent.devices.length} devices from ${shown}`)
  const minted = await admitAgent(agent, 1n, {
    provider: chain.provider,
    registrarKey: deployer,
    registry: deployment.registry,
    roster,
    owner: reportAddress(deployer),
  })
  progress.done(
    `${minted.length} GPUs admitted by ${THRESHOLD} of ${NODES} nodes and minted as tokens 1 to ${minted.length}`,
  )
  progress.step(`page: ${page}   source: ${shown}   Ctrl-C ends everything`)

  const wanted = options.rounds ?? Number.POSITIVE_INFINITY
  let startedInMs = 0
  let seen = 0
  const posted = await Promise.race([
    ...failures,
    waitFor(
      `${wanted} posted rounds`,
      async () => {
        const { rounds } = (await (await fetch(`${page}/api/v1/rounds`)).json()) as { rounds: RoundSummary[] }
        const full = rounds.filter((round) => round.state === 'posted' && round.leafCount === minted.length)
        if (full.length > 0 && startedInMs === 0) startedInMs = Date.now() - startedAt
        const newest = full[0]
        if (newest && newest.round > seen) {
          seen = newest.round
          progress.done(
            `round ${newest.round} posted: ${newest.leafCount} leaves, ${newest.signers.length} signers, tx ${newest.transaction?.slice(0, 18)}…`,
          )
        }
        return full.length >= wanted && full
      },
      Number.isFinite(wanted) ? 60_000 + wanted * EPOCH_S * 4000 : Number.POSITIVE_INFINITY,
      250,
      signal,
    ),
  ])
  return summary(page, `http://127.0.0.1:${metricsPort}/metrics`, posted, startedInMs)
}

async function nodeKeys(dir: string, i: number) {
  const home = join(dir, `node-${i}`)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  return {
    report: await loadReportKey(join(home, 'report.pem')),
    transmitter: await loadReportKey(join(home, 'transmitter.pem')),
    transport: loadTransportKey(join(home, 'transport.pem')),
  }
}

async function summary(
  page: string,
  agentMetrics: string,
  posted: readonly RoundSummary[],
  startedInMs: number,
): Promise<UpSummary> {
  const feed = (await (await fetch(`${page}/api/v1/feed`)).json()) as FeedInfo
  const { assets } = (await (await fetch(`${page}/api/v1/assets`)).json()) as AssetsView
  const node = await (await fetch(`${page}/metrics`)).text()
  const agent = await (await fetch(agentMetrics)).text()
  return {
    source: feed.source.name,
    synthetic: feed.source.synthetic,
    devices: assets.length,
    batches:
      metricSum(node, 'assay_oracle_ingest_received_total') -
      metricSum(node, 'assay_oracle_ingest_duplicates_total'),
    verified: metricSum(node, 'assay_oracle_ingest_stored_total'),
    rejected: metricSum(node, 'assay_oracle_ingest_rejected_total'),
    spooled: metricSum(agent, 'assay_agent_entries_spooled'),
    acked: metricSum(agent, 'assay_agent_entries_acked'),
    rounds: summaryRounds(posted),
    startedInMs,
  }
}

function onInterrupt() {
  let interrupt: () => void = () => undefined
  const interrupted = new Promise<void>((resolve) => {
    interrupt = resolve
  })
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  return {
    interrupted,
    forget() {
      process.removeListener('SIGINT', interrupt)
      process.removeListener('SIGTERM', interrupt)
    },
  }
}
