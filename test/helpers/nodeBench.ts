import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex } from '#protocol/bytes'
import { reportAddress } from '#protocol/wire/reportSignature'
import { encodeRoster, type Roster, rosterFingerprint } from '#protocol/wire/roster'
import { loadReportKey } from '../../oracle/keys/reportKey.ts'
import { loadTransportKey } from '../../oracle/keys/transportKey.ts'
import { writeConfigFile } from '../../oracle/up/configFile.ts'
import { freePort } from '../../oracle/up/freePort.ts'
import { deployFeed, openUpChain } from '../../oracle/up/upChain.ts'
import { nodeSettings } from '../../oracle/up/upSettings.ts'

/** A chain with a feed of one node, and that node's settings: what a test needs to start `assay node` wrongly. */
export type NodeBench = {
  /** Folder of the node: state and keys. */
  readonly home: string
  readonly settings: Readonly<Record<string, unknown>>
  /** Writes a configuration file with some settings replaced; null removes one. */
  configure(change?: Readonly<Record<string, unknown>>): string
  stop(): Promise<void>
}

/** Deploys the feed and makes the keys; nothing of the node runs yet. */
export async function startNodeBench(): Promise<NodeBench> {
  const dir = mkdtempSync(join(tmpdir(), 'assay-bench-node-'))
  const chain = await openUpChain(undefined)
  const home = join(dir, 'node-0')
  mkdirSync(home, { mode: 0o700 })
  const report = await loadReportKey(join(home, 'report.pem'))
  const other = new Uint8Array(randomBytes(32))
  const port = await freePort()
  const roster: Roster = {
    feedId: new Uint8Array(randomBytes(32)),
    configId: 1,
    nodes: [report.address, reportAddress(other)].map((address, i) => ({
      nodeId: fromHex(address) as Uint8Array,
      transportKey: loadTransportKey(join(home, `transport${i || ''}.pem`)).publicKey,
      url: `http://127.0.0.1:${port + i}`,
    })),
    threshold: 2,
    validFrom: 0,
    validTo: 0,
    previous: new Uint8Array(32),
  }
  writeFileSync(join(dir, 'roster.cbor'), encodeRoster(roster))
  const deployer = new Uint8Array(randomBytes(32))
  await chain.fund(reportAddress(deployer))
  const deployment = await deployFeed(chain, deployer, roster, 3)
  const settings = nodeSettings({
    dir,
    index: 0,
    port,
    broker: `mqtt://127.0.0.1:${await freePort()}`,
    rpc: chain.url,
    deployment,
    fingerprint: rosterFingerprint(roster),
    influx: undefined,
  })
  let files = 0
  return {
    home,
    settings,
    configure(change = {}) {
      const file = join(dir, `config-${files++}.yaml`)
      writeConfigFile(file, { ...settings, ...change })
      return file
    },
    async stop() {
      await chain.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
