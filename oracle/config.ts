import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { formatIssue, readSettings, type SettingsRead } from '#protocol/settings/readSettings'
import type { ApprovalPolicy } from './ingest/enrol.ts'
import type { LinkSettings } from './link/linkSettings.ts'
import { oracleError } from './oracleErrors.ts'
import { ORACLE_SETTINGS, type OracleSettings } from './oracleSettings.ts'
import type { InfluxSettings } from './sinks/influxSink.ts'

/** What was read of a configuration file, faults included. */
export type OracleConfigRead = SettingsRead<typeof ORACLE_SETTINGS.settings>

/**
 * Reads `oracle.config.yaml` and the environment; null as `file` means environment and defaults only. Relative paths
 * are taken from the directory of the file they stand in, those of the environment from the working directory.
 * @throws AssayError ORACLE_CONFIG when the file cannot be read
 */
export function readOracleConfig(
  file: string | null,
  env: Readonly<Record<string, string | undefined>>,
): OracleConfigRead {
  let text: string | null = null
  if (file !== null) {
    try {
      text = readFileSync(file, 'utf8')
    } catch (cause) {
      throw oracleError('ORACLE_CONFIG', { file, found: (cause as NodeJS.ErrnoException).code }, cause)
    }
  }
  return readSettings(ORACLE_SETTINGS, {
    file: file ?? 'environment',
    text,
    env,
    resolvePath: (path, origin) =>
      origin.from === 'file' && file !== null ? resolve(dirname(file), path) : resolve(path),
  })
}

/**
 * The effective settings.
 * @throws AssayError ORACLE_CONFIG with one line per fault
 */
export function oracleConfig(
  file: string | null,
  env: Readonly<Record<string, string | undefined>>,
): OracleSettings {
  const { values, issues } = readOracleConfig(file, env)
  if (values === null)
    throw oracleError('ORACLE_CONFIG', { faults: `\n  ${issues.map(formatIssue).join('\n  ')}\n` })
  return values
}

/** The MQTT settings of a node; `nodeId` in hex names its client. */
export function linkSettingsOf(values: OracleSettings, nodeId: string): LinkSettings {
  const given = (name: keyof LinkSettings, value: string | null) => (value === null ? {} : { [name]: value })
  return {
    url: values['mqtt.url'],
    protocolVersion: values['mqtt.protocolVersion'] === 5 ? 5 : 4,
    clean: values['mqtt.cleanSession'],
    shared: values['mqtt.sharedSubscription'],
    ackEveryMs: values['mqtt.ackEvery'],
    clientId: `assay-node-${nodeId}`,
    ...given('ca', values['mqtt.tls.caFile']),
    ...given('cert', values['mqtt.tls.certFile']),
    ...given('key', values['mqtt.tls.keyFile']),
    ...given('username', values['mqtt.username']),
    ...given('passwordFile', values['mqtt.passwordFile']),
  }
}

/**
 * Who lets agents in. A token file is looked for as named, then under the systemd credentials directory.
 * @throws AssayError ORACLE_CONFIG when the token file cannot be read or is empty
 */
export function approvalPolicyOf(
  values: OracleSettings,
  env: Readonly<Record<string, string | undefined>>,
): ApprovalPolicy {
  const kind = values['enrol.policy']
  if (kind !== 'token') return { kind }
  const token = readSecret('enrol.tokenFile', values['enrol.tokenFile'] ?? '', env)
  if (token === '') throw oracleError('ORACLE_CONFIG', { field: 'enrol.tokenFile', found: 'an empty token' })
  return { kind, token }
}

/**
 * Where rollups are copied to, or null. The password file is looked for like the token file.
 * @throws AssayError ORACLE_CONFIG when the password file cannot be read
 */
export function influxSettingsOf(
  values: OracleSettings,
  env: Readonly<Record<string, string | undefined>>,
): InfluxSettings | null {
  const url = values['influx.url']
  if (url === null) return null
  const username = values['influx.username']
  const file = values['influx.passwordFile']
  if (username === null || file === null) return { url }
  return { url, username, password: readSecret('influx.passwordFile', file, env) }
}

/** When a block counts as final. */
export function finalityOf(values: OracleSettings): 'finalized' | { readonly depth: number } {
  const text = values['chain.finality']
  return text === 'finalized' ? text : { depth: Number(text) }
}

function readSecret(field: string, file: string, env: Readonly<Record<string, string | undefined>>): string {
  const places = [file, ...(env.CREDENTIALS_DIRECTORY ? [join(env.CREDENTIALS_DIRECTORY, file)] : [])]
  let last: unknown
  for (const place of places) {
    try {
      return readFileSync(place, 'utf8').trim()
    } catch (error) {
      last = error
    }
  }
  throw oracleError('ORACLE_CONFIG', { field, file, found: (last as NodeJS.ErrnoException).code }, last)
}
