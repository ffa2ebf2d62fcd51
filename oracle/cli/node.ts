import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { sameBytes, toHex } from '#protocol/bytes'
import type { Hex } from '#protocol/wire/chainView'
import { decodeRoster, type Roster, rosterFingerprint } from '#protocol/wire/roster'
import { approvalPolicyOf, finalityOf, influxSettingsOf, linkSettingsOf, oracleConfig } from '../config.ts'
import { loadReportKey } from '../keys/reportKey.ts'
import { loadTransportKey } from '../keys/transportKey.ts'
import { createNode, type OracleNode } from '../node/createNode.ts'
import { holdStateDirectory } from '../node/stateDirectory.ts'
import { oracleError } from '../oracleErrors.ts'
import type { OracleSettings } from '../oracleSettings.ts'
import { openProvider } from '../registry/chainProvider.ts'
import { ChainReader } from '../registry/chainReader.ts'
import type { Deployment } from '../registry/deploy.ts'
import { createInfluxSink } from '../sinks/influxSink.ts'
import { packageRoot } from '../up/packageRoot.ts'

/**
 * Runs one oracle node until SIGTERM or SIGINT. Prints one line when it is ready. Exit code: 0 ended, 1 could not run,
 * 78 the configuration does not hold.
 */
export async function nodeCommand(options: { config: string | null }): Promise<number> {
  let values: OracleSettings
  try {
    values = oracleConfig(options.config, process.env)
  } catch (error) {
    console.error((error as Error).message)
    return 78
  }
  const log = pino({ level: values['log.level'] })
  let release = (): void => undefined
  let node: OracleNode | undefined
  try {
    release = holdStateDirectory(values['state.directory']).release
    const roster = readRoster(values['roster.file'], values['roster.fingerprint'])
    const report = await loadReportKey(values['keys.reportFile'])
    const deployment: Deployment = {
      chainId: values['chain.id'],
      healthOracle: hex(values['chain.healthOracle']),
      registry: hex(values['chain.registry']),
      fromBlock: values['chain.fromBlock'],
    }
    const influx = influxSettingsOf(values, process.env)
    const sinkFault = (cause: Error): void => {
      const { message, code } = oracleError('ORACLE_SINK', { sink: 'influx', found: cause.message }, cause)
      log.warn({ code }, message)
    }
    const config = await chainConfig(values['chain.rpcUrl'], deployment, roster)
    node = createNode({
      stateDir: values['state.directory'],
      host: values['http.host'],
      port: values['http.port'],
      webRoot: join(packageRoot(), 'dist', 'dashboards', 'web'),
      roster,
      params: {
        epochLengthS: config.epochLengthS,
        heartbeatS: config.heartbeatS,
        profile: values['rounds.profile'],
      },
      deviationBp: values['rounds.deviationBp'],
      reportKey: report.secret,
      reportAddress: report.address,
      transport: loadTransportKey(values['keys.transportFile']),
      transmitterKey: (await loadReportKey(values['keys.transmitterFile'])).secret,
      rpcUrl: values['chain.rpcUrl'],
      deployment,
      finality: finalityOf(values),
      pollMs: values['chain.pollEvery'],
      policy: approvalPolicyOf(values, process.env),
      link: linkSettingsOf(values, report.address.slice(2)),
      sinks: influx
        ? [createInfluxSink(influx, { windowMs: values['influx.rollup'], onError: sinkFault })]
        : [],
      log,
    })
    const { url } = await node.start()
    process.stdout.write(`${JSON.stringify({ ready: true, url, nodeId: report.address })}\n`)
    await new Promise<void>((resolve) => {
      process.once('SIGTERM', resolve)
      process.once('SIGINT', resolve)
    })
    return 0
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    log.fatal({ code }, message)
    return code === 'ORACLE_CONFIG' ? 78 : 1
  } finally {
    await node?.stop()
    release()
  }
}

function readRoster(file: string, fingerprint: string): Roster {
  const roster = loadRoster(file)
  const found = rosterFingerprint(roster)
  const wanted = Uint8Array.from(Buffer.from(fingerprint.replace(/^0x/, ''), 'hex'))
  if (!sameBytes(found, wanted))
    throw oracleError('ORACLE_CONFIG', {
      field: 'roster.fingerprint',
      file,
      found: toHex(found),
      wanted: toHex(wanted),
    })
  return roster
}

function loadRoster(file: string): Roster {
  try {
    return decodeRoster(new Uint8Array(readFileSync(file)))
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const found = code === undefined || code.startsWith('PROTO_') ? message : code
    throw oracleError('ORACLE_CONFIG', { field: 'roster.file', file, found, wanted: 'roster bytes' }, cause)
  }
}

/** The feed's constants as the chain names them, read once: a node never has its own. */
async function chainConfig(rpcUrl: string, deployment: Deployment, roster: Roster) {
  const provider = await openProvider(rpcUrl, deployment.chainId)
  try {
    const reader = new ChainReader(provider, { ...deployment, feedId: `0x${toHex(roster.feedId)}` })
    return (await reader.read(await provider.getBlockNumber())).config
  } finally {
    provider.destroy()
  }
}

function hex(text: string): Hex {
  return `0x${text.replace(/^0x/, '').toLowerCase()}`
}
