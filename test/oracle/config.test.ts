import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { formatIssue } from '#protocol/settings/readSettings'
import { sampleFile } from '#protocol/settings/sampleFile'
import {
  approvalPolicyOf,
  finalityOf,
  linkSettingsOf,
  oracleConfig,
  readOracleConfig,
} from '../../oracle/config.ts'
import { ORACLE_SETTINGS } from '../../oracle/oracleSettings.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-oracle-config-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const SAMPLE = new URL('../../oracle.config.yaml', import.meta.url)

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

t.test('the committed sample is the one that the settings give, and it can be read', async (t) => {
  t.equal(readFileSync(SAMPLE, 'utf8'), sampleFile(ORACLE_SETTINGS))
  const values = oracleConfig(SAMPLE.pathname, {})
  t.equal(values['http.port'], 8420)
  t.equal(values['mqtt.ackEvery'], 100)
  t.ok(values['roster.file'].endsWith('/roster.cbor'), 'relative to the file it stands in')
  t.equal(finalityOf(values), 'finalized')
  t.match(linkSettingsOf(values, 'aa'), { protocolVersion: 4, clean: true, clientId: 'assay-node-aa' })
  t.notOk('ca' in linkSettingsOf(values, 'aa'))
})

t.test('the environment overrides every setting', async (t) => {
  const token = file('token', 'secret\n')
  const values = oracleConfig(SAMPLE.pathname, {
    ASSAY_ORACLE_CHAIN_FINALITY: '12',
    ASSAY_ORACLE_MQTT_PROTOCOL_VERSION: '5',
    ASSAY_ORACLE_ENROL_POLICY: 'token',
    ASSAY_ORACLE_ENROL_TOKEN_FILE: token,
  })
  t.same(finalityOf(values), { depth: 12 })
  t.equal(linkSettingsOf(values, 'aa').protocolVersion, 5)
  t.same(approvalPolicyOf(values, {}), { kind: 'token', token: 'secret' })
})

t.test('a faulty file names line, column and the way to mend it', async (t) => {
  const path = file('bad.yaml', 'version: 1\nhttp:\n  port: "x"\nmqtt:\n  url: http://broker\n  usrname: y\n')
  const { issues, values } = readOracleConfig(path, {})
  t.equal(values, null)
  const lines = issues.map(formatIssue)
  t.ok(
    lines.some((line) => line.startsWith(`${path}:3:9: http.port`)),
    lines.join('\n'),
  )
  t.ok(lines.some((line) => line.startsWith(`${path}:5:8: mqtt.url`)))
  t.ok(lines.some((line) => /mqtt\.usrname|usrname/.test(line)))
  t.ok(lines.some((line) => line.includes('roster.file')))
  t.throws(() => oracleConfig(path, {}), { code: 'ORACLE_CONFIG' })
  t.throws(() => readOracleConfig(join(folder, 'absent.yaml'), {}), { code: 'ORACLE_CONFIG' })
})

t.test('settings that belong together', async (t) => {
  const sample = SAMPLE.pathname
  const found = (env: Record<string, string>) =>
    readOracleConfig(sample, env)
      .issues.map((issue) => formatIssue(issue))
      .join('\n')
  t.match(found({ ASSAY_ORACLE_MQTT_TLS_CERT_FILE: 'a.pem', ASSAY_ORACLE_MQTT_URL: 'mqtts://b' }), /keyFile/)
  t.match(found({ ASSAY_ORACLE_MQTT_TLS_CA_FILE: 'a.pem' }), /mqtts:\/\/ for TLS/)
  t.match(found({ ASSAY_ORACLE_ENROL_POLICY: 'token' }), /token/)
  t.match(found({ ASSAY_ORACLE_INFLUX_USERNAME: 'u' }), /passwordFile/)
  t.match(
    found({ ASSAY_ORACLE_MQTT_SHARED_SUBSCRIPTION: 'true', ASSAY_ORACLE_MQTT_CLEAN_SESSION: 'false' }),
    /cleanSession/,
  )
  t.equal(found({}), '')
})

t.test('an empty or missing token is refused', async (t) => {
  const env = { ASSAY_ORACLE_ENROL_POLICY: 'token', ASSAY_ORACLE_ENROL_TOKEN_FILE: file('empty', '\n') }
  t.throws(() => approvalPolicyOf(oracleConfig(SAMPLE.pathname, env), {}), { code: 'ORACLE_CONFIG' })
  const absent = { ...env, ASSAY_ORACLE_ENROL_TOKEN_FILE: join(folder, 'no-token') }
  t.throws(() => approvalPolicyOf(oracleConfig(SAMPLE.pathname, absent), {}), { code: 'ORACLE_CONFIG' })
})
