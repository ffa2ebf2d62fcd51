import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fromHex } from '#protocol/bytes'
import type { Hex } from '#protocol/wire/chainView'
import { reportAddress } from '#protocol/wire/reportSignature'
import { encodeRoster, type Roster, rosterFingerprint } from '#protocol/wire/roster'
import type { EnrolledAgent } from '../../oracle/api/nodeView.ts'
import { loadReportKey } from '../../oracle/keys/reportKey.ts'
import { loadTransportKey } from '../../oracle/keys/transportKey.ts'
import { writeConfigFile } from '../../oracle/up/configFile.ts'
import { freePort } from '../../oracle/up/freePort.ts'
import { packageRoot } from '../../oracle/up/packageRoot.ts'
import { admitAgent } from '../../oracle/up/registrar.ts'
import { deployFeed, openUpChain } from '../../oracle/up/upChain.ts'
import { agentSettings, nodeSettings } from '../../oracle/up/upSettings.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'

/** One process of the built program that a test may kill and start again with the same arguments. */
export type KillablePart = {
  readonly name: string
  start(): Promise<void>
  /** SIGKILL, then waits for the end. */
  kill(): Promise<void>
  /** SIGTERM, then waits for the end. */
  stop(): Promise<void>
  pid(): number | undefined
}

/** What a feed of processes runs on instead of its own; asked once the feed's folder is there. */
export type OutsideServers = {
  readonly broker?: string
  readonly rpc?: string
  /** Node 0 copies its rollups there. */
  readonly influx?: string
  readonly nodeExtra?: (index: number) => Record<string, unknown>
  readonly agentExtra?: Record<string, unknown>
}

/** The whole path as processes of the built program: chain, broker, three nodes, one agent. */
export type ProcessFeed = {
  readonly dir: string
  readonly roster: Roster
  /** The embedded broker; not started when there is one outside. */
  readonly broker: KillablePart
  readonly brokerUrl: string
  readonly chainUrl: string
  readonly agentId: string
  readonly transmitters: readonly Hex[]
  readonly nodes: readonly KillablePart[]
  readonly agent: KillablePart
  readonly metrics: string
  readonly devices: number
  stop(): Promise<void>
}

/** How a feed of processes is set up. `agentExtra` (settings), `agentEnv` and `agentNode` reach the agent only. */
export type ProcessFeedOptions = {
  readonly epochS?: number
  readonly agentExtra?: Record<string, unknown>
  readonly agentEnv?: Record<string, string>
  /** Program and flags that run the agent; this process's Node by default. */
  readonly agentNode?: readonly string[]
  readonly source?: string
  readonly outside?: (dir: string) => Promise<OutsideServers>
}

/** Starts everything, enrols and admits. A start that fails ends what it began. */
export async function startProcessFeed(options: ProcessFeedOptions = {}): Promise<ProcessFeed> {
  const undo: (() => Promise<void> | void)[] = []
  const stop = async (): Promise<void> => {
    for (let step = undo.pop(); step; step = undo.pop()) await step()
  }
  try {
    return { ...(await assemble(options, undo)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function assemble(
  options: ProcessFeedOptions,
  undo: (() => Promise<void> | void)[],
): Promise<Omit<ProcessFeed, 'stop'>> {
  const { epochS = 3, agentExtra = {}, agentEnv = {}, agentNode, source = 'auto' } = options
  const dir = mkdtempSync(join(tmpdir(), 'assay-processes-'))
  undo.push(() => rmSync(dir, { recursive: true, force: true }))
  const outside = (await options.outside?.(dir)) ?? {}
  const chain = await openUpChain(outside.rpc)
  undo.push(() => chain.stop())
  const ports = [await freePort(), await freePort(), await freePort()]
  const keys = await Promise.all(
    ports.map(async (_, i) => {
      const home = join(dir, `node-${i}`)
      mkdirSync(home, { recursive: true, mode: 0o700 })
      return {
        report: await loadReportKey(join(home, 'report.pem')),
        transmitter: await loadReportKey(join(home, 'transmitter.pem')),
        transport: loadTransportKey(join(home, 'transport.pem')),
      }
    }),
  )
  const roster: Roster = {
    feedId: new Uint8Array(randomBytes(32)),
    configId: 1,
    nodes: keys.map(({ report, transport }, i) => ({
      nodeId: fromHex(report.address) as Uint8Array,
      transportKey: transport.publicKey,
      url: `http://127.0.0.1:${ports[i]}`,
    })),
    threshold: 2,
    validFrom: 0,
    validTo: 0,
    previous: new Uint8Array(32),
  }
  writeFileSync(join(dir, 'roster.cbor'), encodeRoster(roster))
  const deployer = new Uint8Array(randomBytes(32))
  for (const address of [reportAddress(deployer), ...keys.map(({ transmitter }) => transmitter.address)])
    await chain.fund(address)
  const deployment = await deployFeed(chain, deployer, roster, epochS)
  const brokerPort = await freePort()
  const brokerUrl = outside.broker ?? `mqtt://127.0.0.1:${brokerPort}`
  const broker = killable(dir, 'broker', ['broker', '--port', String(brokerPort)], /"listening"/)
  undo.push(() => broker.stop())
  if (!outside.broker) await broker.start()
  const nodes = ports.map((port, index) => {
    const file = join(dir, `node-${index}.yaml`)
    writeConfigFile(file, {
      ...nodeSettings({
        dir,
        index,
        port,
        broker: brokerUrl,
        rpc: chain.url,
        deployment,
        fingerprint: rosterFingerprint(roster),
        influx: index === 0 ? outside.influx : undefined,
      }),
      ...outside.nodeExtra?.(index),
    })
    return killable(dir, `node-${index}`, ['node', '--config', file], /"ready"/)
  })
  undo.push(async () => {
    for (const node of nodes) await node.stop()
  })
  await Promise.all(nodes.map((node) => node.start()))
  const metricsPort = await freePort()
  const agentFile = join(dir, 'agent.yaml')
  writeConfigFile(agentFile, {
    ...agentSettings({ dir, source, broker: brokerUrl, roster, metricsPort }),
    ...outside.agentExtra,
    ...agentExtra,
  })
  const agent = killable(
    dir,
    'agent',
    ['agent', 'run', '--config', agentFile],
    /assay agent ready/,
    agentEnv,
    agentNode,
  )
  undo.push(() => agent.stop())
  await agent.start()
  const enrolled = await waitFor('the agent to enrol everywhere', async () => {
    const lists = await Promise.all(
      roster.nodes.map(
        async (node) =>
          ((await (await fetch(`${node.url}/agents`)).json()) as { agents: EnrolledAgent[] }).agents,
      ),
    )
    return lists.every((list) => list.some((each) => each.state === 'approved')) && lists[0]?.[0]
  })
  await admitAgent(enrolled, 1n, {
    provider: chain.provider,
    registrarKey: deployer,
    registry: deployment.registry,
    roster,
    owner: reportAddress(deployer),
  })
  return {
    dir,
    roster,
    broker,
    brokerUrl,
    chainUrl: chain.url,
    agentId: enrolled.agentId,
    transmitters: keys.map(({ transmitter }) => transmitter.address),
    nodes,
    agent,
    metrics: `http://127.0.0.1:${metricsPort}/metrics`,
    devices: enrolled.devices.length,
  }
}

function killable(
  dir: string,
  name: string,
  args: readonly string[],
  ready: RegExp,
  env: Record<string, string> = {},
  program: readonly string[] = [process.execPath],
): KillablePart {
  let child: ChildProcess | undefined
  const ended = (process: ChildProcess): Promise<void> =>
    process.exitCode !== null || process.signalCode !== null
      ? Promise.resolve()
      : new Promise((resolve) => process.once('exit', () => resolve()))
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child
    child = undefined
    if (!ending) return
    ending.kill(signal)
    await ended(ending)
  }
  return {
    name,
    pid: () => child?.pid,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    start() {
      const [node = process.execPath, ...flags] = program
      const started = spawn(node, [...flags, join(packageRoot(), 'dist', 'assay.js'), ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
      })
      child = started
      const tail: string[] = []
      return new Promise((resolve, reject) => {
        for (const stream of [started.stdout, started.stderr]) {
          if (!stream) continue
          createInterface({ input: stream }).on('line', (line) => {
            appendFileSync(join(dir, `${name}.log`), `${line}\n`)
            tail.push(line)
            if (tail.length > 20) tail.shift()
            if (ready.test(line)) resolve()
          })
        }
        started.once('exit', (code, signal) =>
          reject(new Error(`${name} ended (${signal ?? code}) before it was ready:\n${tail.join('\n')}`)),
        )
      })
    },
  }
}
