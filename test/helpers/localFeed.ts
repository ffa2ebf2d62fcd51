import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { fromHex, toHex0x } from '#protocol/bytes'
import { createNodeSigner } from '#protocol/node/nodeSigner'
import { CHS1 } from '#protocol/score/methodology'
import { methodologyHash } from '#protocol/score/methodologyHash'
import { reportAddress } from '#protocol/wire/reportSignature'
import { type Roster, rosterFingerprint } from '#protocol/wire/roster'
import { createNode, type NodeSeams, type OracleNode } from '../../oracle/node/createNode.ts'
import { startAnvil } from '../../oracle/registry/anvil.ts'
import { openProvider } from '../../oracle/registry/chainProvider.ts'
import { deployContracts } from '../../oracle/registry/deploy.ts'
import { freePort } from '../../oracle/up/freePort.ts'
import { newPem } from './signedLog.ts'

/** A whole feed in this process but for its chain: broker, contracts on anvil, N nodes with keys and archives. */
export type LocalFeed = Awaited<ReturnType<typeof startLocalFeed>>

export type LocalFeedOptions = {
  readonly epochLengthS?: number
  readonly seams?: Readonly<Record<number, NodeSeams>>
  /** Folder with the built page; none when left out. */
  readonly webRoot?: string
}

/** Starts the feed; `stop` ends everything it started. */
export async function startLocalFeed({ epochLengthS = 3, seams = {}, webRoot }: LocalFeedOptions = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'assay-feed-'))
  const chain = await startAnvil()
  const broker = await Aedes.createBroker()
  const server = createServer(broker.handle)
  const brokerPort = await freePort()
  await new Promise<void>((resolve) => server.listen(brokerPort, '127.0.0.1', resolve))
  const keys = [0, 1, 2].map(() => ({
    report: key(),
    transmitter: key(),
    transport: createNodeSigner(newPem()),
  }))
  const deployer = key()
  const ports = [await freePort(), await freePort(), await freePort()]
  const roster: Roster = {
    feedId: new Uint8Array(randomBytes(32)),
    configId: 1,
    nodes: keys.map(({ report, transport }, i) => ({
      nodeId: fromHex(reportAddress(report)) as Uint8Array,
      transportKey: transport.publicKey,
      url: `http://127.0.0.1:${ports[i]}`,
    })),
    threshold: 2,
    validFrom: 0,
    validTo: 0,
    previous: new Uint8Array(32),
  }
  for (const secret of [deployer, ...keys.map((each) => each.transmitter)])
    await chain.fund(reportAddress(secret), 10n ** 21n)
  const provider = await openProvider(chain.url, chain.chainId)
  const deployment = await deployContracts(provider, deployer, toHex0x(roster.feedId), {
    signers: keys.map((each) => reportAddress(each.report)),
    threshold: 2,
    validFrom: 0,
    validTo: 2 ** 40 - 1,
    epochLengthS,
    heartbeatS: epochLengthS,
    methodologyHash: methodologyHash(CHS1),
    rosterHash: toHex0x(rosterFingerprint(roster)),
  })
  const url = `mqtt://127.0.0.1:${brokerPort}`
  const log: string[] = []
  const note = (level: string) => (facts: object, text: string) =>
    void log.push(`${level} ${JSON.stringify(facts)} ${text}`)
  const nodes: OracleNode[] = keys.map(({ report, transport, transmitter }, i) =>
    createNode(
      {
        stateDir: mkdtempSync(join(dir, `node-${i}-`)),
        host: '127.0.0.1',
        port: ports[i] as number,
        webRoot: webRoot ?? null,
        roster,
        params: { epochLengthS, heartbeatS: epochLengthS, profile: 'up' },
        deviationBp: 50,
        reportKey: report,
        reportAddress: reportAddress(report),
        transport,
        transmitterKey: transmitter,
        rpcUrl: chain.url,
        deployment,
        finality: { depth: 1 },
        pollMs: 100,
        policy: { kind: 'loopback' },
        link: { url, protocolVersion: 4, clean: true, shared: false, ackEveryMs: 50, clientId: `node-${i}` },
        sinks: [],
        log: { info: note('info'), warn: note('warn'), error: note('error') },
      },
      seams[i] ?? {},
    ),
  )
  for (const node of nodes) await node.start()
  return {
    roster,
    urls: roster.nodes.map((node) => node.url),
    provider,
    deployer,
    deployment,
    nodes,
    brokerUrl: url,
    epochLengthS,
    log,
    async stop(): Promise<void> {
      for (const node of nodes) await node.stop()
      provider.destroy()
      await new Promise((resolve) => broker.close(() => server.close(resolve)))
      await chain.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function key(): Uint8Array {
  return new Uint8Array(randomBytes(32))
}
