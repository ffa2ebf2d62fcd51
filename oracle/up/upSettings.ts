import { join } from 'node:path'
import { toHex } from '#protocol/bytes'
import { type Roster, rosterFingerprint } from '#protocol/wire/roster'
import type { Deployment } from '../registry/deploy.ts'
import { packageRoot } from './packageRoot.ts'

/** What a local run tells one of its nodes. */
export type NodeSettingsInput = {
  readonly dir: string
  readonly index: number
  readonly port: number
  readonly broker: string
  readonly rpc: string
  readonly deployment: Deployment
  readonly fingerprint: Uint8Array
  readonly influx: string | undefined
}

/** The recording that a local run replays where there is no GPU. */
export function defaultRecording(): string {
  return join(packageRoot(), 'test/fixtures/recordings/synthetic-h200x8.ndjson.gz')
}

/** The settings of node `index` by dotted path, as oracle.config.yaml takes them. */
export function nodeSettings(input: NodeSettingsInput): Record<string, unknown> {
  const { dir, index, deployment } = input
  const home = join(dir, `node-${index}`)
  return {
    'state.directory': home,
    'keys.reportFile': join(home, 'report.pem'),
    'keys.transportFile': join(home, 'transport.pem'),
    'keys.transmitterFile': join(home, 'transmitter.pem'),
    'http.port': input.port,
    'roster.file': join(dir, 'roster.cbor'),
    'roster.fingerprint': toHex(input.fingerprint),
    'chain.rpcUrl': input.rpc,
    'chain.id': deployment.chainId,
    'chain.healthOracle': deployment.healthOracle,
    'chain.registry': deployment.registry,
    'chain.fromBlock': deployment.fromBlock,
    'chain.finality': '1',
    'chain.pollEvery': '200ms',
    'rounds.profile': 'up',
    'enrol.policy': 'loopback',
    'mqtt.url': input.broker,
    'influx.url': input.influx,
    'influx.rollup': '1s',
  }
}

/** The settings of the one agent of a local run. */
export function agentSettings(input: {
  dir: string
  source: string
  broker: string
  roster: Roster
  metricsPort: number
}): Record<string, unknown> {
  return {
    'state.directory': join(input.dir, 'agent'),
    'source.kind': input.source,
    'source.defaultRecording': defaultRecording(),
    'source.batchPeriod': '1s',
    'roster.nodes': input.roster.nodes.map((node) => node.url),
    'roster.fingerprint': toHex(rosterFingerprint(input.roster)),
    'enrol.onStart': true,
    'mqtt.url': input.broker,
    'metrics.listen': `127.0.0.1:${input.metricsPort}`,
    'clock.finalityDelay': '30s',
  }
}
