import { duration } from '#protocol/settings/quantity'
import {
  optional,
  required,
  type SettingComplaint,
  type SettingsSchema,
  type SettingValues,
  setting,
} from '#protocol/settings/settingsSchema'
import { choice, flag, hex, integer, path, text, url } from '#protocol/settings/settingType'

const HOUR = 3_600_000
const keyFile = path('a PKCS#8 PEM file, readable by its owner only; made when there is none')

const settings = {
  'state.directory': setting(
    path('a directory that only the node may read'),
    '/var/lib/assay-oracle',
    'Archive, round objects and journal live here. One node process per directory.',
  ),
  'keys.reportFile': setting(
    keyFile,
    '/var/lib/assay-oracle/report.pem',
    'Report key (secp256k1): signs rounds and admissions. Its address is the node id. Back it up.',
  ),
  'keys.transportFile': setting(
    keyFile,
    '/var/lib/assay-oracle/transport.pem',
    'Transport key (P-256): signs acks, ack lists, epoch notices and proposals.',
  ),
  'keys.transmitterFile': setting(
    keyFile,
    '/var/lib/assay-oracle/transmitter.pem',
    'Account key (secp256k1) that pays for posting rounds. Keep only gas money on it.',
  ),
  'http.host': setting(text(), '127.0.0.1', 'Address that the HTTP API and the page listen on.'),
  'http.port': setting(integer({ min: 0, max: 65535 }), 8420, 'Port of the HTTP API; 0 takes any free one.'),
  'roster.file': required(path('a file with canonical roster bytes'), 'The roster of the feed.', {
    example: 'roster.cbor',
  }),
  'roster.fingerprint': required(
    hex(32),
    'Fingerprint of the roster as its operators agreed it; a file with another one is refused.',
    { example: `"${'00'.repeat(32)}"` },
  ),
  'chain.rpcUrl': required(url(['http', 'https', 'ws', 'wss']), 'RPC of an EVM node that you trust.', {
    example: 'http://127.0.0.1:8545',
  }),
  'chain.id': required(
    integer({ min: 1, max: 2 ** 48 }),
    'Chain id; another one behind the RPC is refused.',
    {
      example: '31337',
    },
  ),
  'chain.healthOracle': required(hex(20), 'Address of HealthOracle.', { example: `"0x${'00'.repeat(20)}"` }),
  'chain.registry': required(hex(20), 'Address of CaliberRegistry.', { example: `"0x${'00'.repeat(20)}"` }),
  'chain.fromBlock': setting(
    integer({ min: 0, max: 2 ** 48 }),
    0,
    'Block of the first of these contracts: nothing before it is read.',
  ),
  'chain.finality': setting(
    text({ pattern: /^(finalized|[0-9]{1,4})$/, wanted: 'finalized, or a number of blocks' }),
    'finalized',
    'When a block counts as final: as the chain says, or this many blocks deep.',
  ),
  'chain.pollEvery': setting(
    duration({ minMs: 100, maxMs: 10 * 60_000 }),
    5_000,
    'How often the chain is asked for new final blocks.',
  ),
  'rounds.profile': setting(
    choice(['production', 'up']),
    'production',
    'Which factors are mandatory and how fresh a reading must be: production, or up for a demonstration.',
  ),
  'rounds.deviationBp': setting(
    integer({ min: 1, max: 10_000 }),
    100,
    'A pool score that moved by more than this many basis points makes a round due before its heartbeat.',
  ),
  'enrol.policy': setting(
    choice(['manual', 'token', 'loopback']),
    'manual',
    'Who lets agents in: a person, whoever shows the token, or everyone on loopback (a demonstration).',
  ),
  'enrol.tokenFile': optional(
    path('a file, or a name under the systemd credentials directory'),
    'File with the enrolment token, for the policy token.',
  ),
  'mqtt.url': setting(url(['mqtt', 'mqtts']), 'mqtt://127.0.0.1:1883', 'The broker; mqtts:// is TLS.'),
  'mqtt.protocolVersion': setting(
    integer({ min: 4, max: 5 }),
    4,
    'MQTT protocol: 4 is 3.1.1, 5 is 5.0. The embedded broker speaks 3.1.1 only.',
  ),
  'mqtt.cleanSession': setting(
    flag(),
    true,
    'Off: the broker keeps messages for this node while it is away. Nothing depends on it.',
  ),
  'mqtt.sharedSubscription': setting(
    flag(),
    false,
    'Several processes of one node share its messages. Not with the embedded broker.',
  ),
  'mqtt.ackEvery': setting(
    duration({ minMs: 0, maxMs: 10_000 }),
    100,
    'An agent is acked at most this often; an ack covers everything before it.',
  ),
  'mqtt.username': optional(text(), 'User name, for brokers that ask for one.'),
  'mqtt.passwordFile': optional(path(), 'File with the password that belongs to it.'),
  'mqtt.tls.caFile': optional(path(), 'Certificate authority of the broker in PEM.'),
  'mqtt.tls.certFile': optional(path(), 'Client certificate of this node in PEM.'),
  'mqtt.tls.keyFile': optional(path(), 'Private key of the client certificate in PEM.'),
  'influx.url': optional(
    url(['http', 'https']),
    'InfluxDB 1.x (or what speaks its line protocol) for rollups; unset: none. The path is the database.',
    { example: 'http://127.0.0.1:8086/assay' },
  ),
  'influx.username': optional(text(), 'User name at InfluxDB.'),
  'influx.passwordFile': optional(path(), 'File with the password that belongs to it.'),
  'influx.rollup': setting(
    duration({ minMs: 1_000, maxMs: HOUR }),
    10_000,
    'One point per accelerator and this much time.',
  ),
  'log.level': setting(
    choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    'info',
    'Lines below this level are left out.',
  ),
}

/** Values of a node's settings by dotted path; times in milliseconds. */
export type OracleSettings = SettingValues<typeof settings>

/** Everything that `oracle.config.yaml` may hold. */
export const ORACLE_SETTINGS: SettingsSchema<typeof settings> = {
  title: 'Assay oracle node',
  fileName: 'oracle.config.yaml',
  envPrefix: 'ASSAY_ORACLE',
  version: 1,
  sections: {
    state: 'What the node keeps.',
    keys: 'Private keys, one file each, mode 600.',
    http: 'API and page.',
    roster: 'Who the nodes of the feed are. Epoch length and heartbeat are on chain, with the roster.',
    chain: 'The chain that rounds are posted to.',
    rounds: 'Scoring and posting.',
    enrol: 'Letting agents in.',
    mqtt: 'The broker.',
    'mqtt.tls': 'TLS to the broker; the client certificate says which node this is.',
    influx: 'A copy of the readings for dashboards; never the system of record.',
    log: 'JSON lines on standard output.',
  },
  settings,
  check(v) {
    const complaints: SettingComplaint[] = []
    const together = (a: keyof OracleSettings & string, b: keyof OracleSettings & string, mend: string) => {
      if ((v[a as 'mqtt.username'] === null) !== (v[b as 'mqtt.username'] === null))
        complaints.push({
          path: v[a as 'mqtt.username'] === null ? b : a,
          found: `one of ${a} and ${b}`,
          wanted: 'both or none',
          mend,
        })
    }
    together('mqtt.tls.certFile', 'mqtt.tls.keyFile', 'Give the certificate and the key that belongs to it.')
    together('mqtt.username', 'mqtt.passwordFile', 'Give the user name and the file with its password.')
    together('influx.username', 'influx.passwordFile', 'Give the user name and the file with its password.')
    if ((v['mqtt.tls.caFile'] ?? v['mqtt.tls.certFile']) !== null && v['mqtt.url'].startsWith('mqtt:'))
      complaints.push({
        path: 'mqtt.url',
        found: 'mqtt:// together with TLS files',
        wanted: 'mqtts:// for TLS',
        mend: 'Write mqtts:// or remove the TLS settings; otherwise the connection would not be encrypted.',
      })
    if (v['mqtt.sharedSubscription'] && !v['mqtt.cleanSession'])
      complaints.push({
        path: 'mqtt.cleanSession',
        found: 'kept sessions together with shared subscriptions',
        wanted: 'one of the two',
        mend: 'Set cleanSession to true: a process that is away would keep its share of the messages to itself.',
      })
    if ((v['enrol.policy'] === 'token') !== (v['enrol.tokenFile'] !== null))
      complaints.push({
        path: v['enrol.tokenFile'] === null ? 'enrol.policy' : 'enrol.tokenFile',
        found: `policy ${v['enrol.policy']} ${v['enrol.tokenFile'] === null ? 'without' : 'with'} a token file`,
        wanted: 'the policy token and its file together',
        mend: 'Set enrol.policy to token and enrol.tokenFile to the file, or remove both.',
      })
    return complaints
  },
}
