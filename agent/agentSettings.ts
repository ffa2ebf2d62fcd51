import { duration, size } from '#protocol/settings/quantity'
import { optional, type SettingsSchema, type SettingValues, setting } from '#protocol/settings/settingsSchema'
import { choice, flag, hex, integer, list, path, text, url } from '#protocol/settings/settingType'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const MIB = 2 ** 20
const quota = size({ min: 64 * 1024, max: 2 ** 42 })

const settings = {
  'state.directory': setting(
    path('a directory that only the agent may read'),
    '/var/lib/assay-agent',
    'Key, openings of the devices, roster and spool live here. Back it up: the openings cannot be made again.',
  ),
  'source.kind': setting(
    text({
      pattern:
        /^(auto|nvml|nvidia-smi|nvidia-smi:.+|dcgm-exporter:.+|dcgm:.+|kmsg|kmsg:.+|recording|recording:.+)$/,
      wanted: 'auto, nvml, nvidia-smi[:FILE], dcgm-exporter:FILE or URL, or recording[:FILE]',
    }),
    'auto',
    'Where readings come from. auto takes NVML where its library answers with a device, else the default recording.',
  ),
  'source.defaultRecording': optional(
    path(),
    'Recording that `auto` falls back to; without it, auto needs a real source.',
    { example: 'recording.ndjson' },
  ),
  'source.samplePeriod': setting(
    duration({ minMs: 100, maxMs: HOUR }),
    1000,
    'Time from one sample to the next.',
  ),
  'source.batchPeriod': setting(
    duration({ minMs: 100, maxMs: HOUR }),
    10_000,
    'Samples of this much time share one signed batch.',
  ),
  'source.watchdogDeadline': setting(
    duration({ minMs: 100, maxMs: 10 * MINUTE }),
    1000,
    'A probe that does not answer for this long is ended and its device quarantined.',
  ),
  'roster.nodes': setting(
    list(url(['http', 'https'])),
    [],
    'Base URLs of oracle nodes that the roster is fetched from; empty = sign and spool only.',
  ),
  'roster.fingerprint': optional(
    hex(32),
    'Fingerprint of the roster as the operator of the feed published it; a roster with another one is refused.',
  ),
  'roster.requestTimeout': setting(
    duration({ minMs: 100, maxMs: 5 * MINUTE }),
    5000,
    'How long a request to a node may take.',
  ),
  'enrol.onStart': setting(
    flag(),
    false,
    'Enrol at start when this has not been done; otherwise `assay agent enroll` does it.',
  ),
  'enrol.tokenFile': optional(
    path('a file, or a name under the systemd credentials directory'),
    'File with the enrolment token that the operator gave out. Never given as an argument or in the environment itself.',
  ),
  'mqtt.url': setting(url(['mqtt', 'mqtts']), 'mqtt://127.0.0.1:1883', 'The broker; mqtts:// is TLS.'),
  'mqtt.protocolVersion': setting(
    integer({ min: 4, max: 5 }),
    4,
    'MQTT protocol: 4 is 3.1.1, 5 is 5.0. Nothing in Assay needs 5.',
  ),
  'mqtt.tls.caFile': optional(
    path(),
    'Certificate authority of the broker in PEM; without it the system’s are used.',
  ),
  'mqtt.tls.certFile': optional(path(), 'Client certificate of this agent in PEM.'),
  'mqtt.tls.keyFile': optional(path(), 'Private key of the client certificate in PEM.'),
  'mqtt.tls.serverName': optional(
    text(),
    'Name that the certificate of the broker must carry, where it is not the host of mqtt.url.',
  ),
  'mqtt.keepalive': setting(
    duration({ minMs: 1000, maxMs: HOUR }),
    30_000,
    'A connection that is silent for this long is tested, and given up after half of it more.',
  ),
  'mqtt.reconnectMax': setting(
    duration({ minMs: 100, maxMs: HOUR }),
    60_000,
    'Longest pause before connecting again; pauses begin at a second, double, and are drawn at random below that.',
  ),
  'mqtt.window': setting(
    integer({ min: 1, max: 4096 }),
    64,
    'Entries that may be under way without the acks of the nodes.',
  ),
  'mqtt.resendAfter': setting(
    duration({ minMs: 500, maxMs: HOUR }),
    15_000,
    'Entries without acks are sent again after this long; doubled up to sixteenfold while nothing is acked.',
  ),
  'spool.quotaTelemetry': setting(
    quota,
    512 * MIB,
    'Telemetry kept while the nodes do not ack; beyond it the oldest is dropped and counted.',
  ),
  'spool.quotaEvent': setting(quota, 64 * MIB, 'The same for events.'),
  'spool.quotaEvidence': setting(quota, 128 * MIB, 'The same for attestation evidence.'),
  'clock.skewLimit': setting(
    duration({ minMs: 1000, maxMs: HOUR }),
    60_000,
    'The clock of the host may differ from chain time by this much before it is reported.',
  ),
  'clock.finalityDelay': setting(
    duration({ minMs: 0, maxMs: HOUR }),
    20 * MINUTE,
    'How long after its block the chain of the feed needs to make an epoch final.',
  ),
  'metrics.listen': setting(
    text({
      pattern: /^(off|(127\.0\.0\.1|\[::1\]|localhost):\d{1,5}|unix:.{1,100})$/,
      wanted: 'off, 127.0.0.1:PORT, [::1]:PORT or unix:PATH',
    }),
    '127.0.0.1:9477',
    'Where /metrics and /healthz answer: loopback or a unix socket, never the network.',
  ),
  'log.level': setting(
    choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    'info',
    'Lines below this level are left out.',
  ),
}

/** Values of the agent's settings by dotted path; times in milliseconds, sizes in bytes. */
export type AgentSettings = SettingValues<typeof settings>

/** Everything that `agent.config.yaml` may hold. */
export const AGENT_SETTINGS: SettingsSchema<typeof settings> = {
  title: 'Assay agent',
  fileName: 'agent.config.yaml',
  envPrefix: 'ASSAY_AGENT',
  version: 1,
  sections: {
    state: 'What the agent keeps.',
    source: 'What is read, and how often.',
    roster: 'The oracle nodes of the feed.',
    enrol: 'Making this agent known to the nodes.',
    mqtt: 'The broker.',
    'mqtt.tls': 'TLS to the broker; a client certificate says which agent this is.',
    spool: 'Signed entries on disk until enough nodes have acked them.',
    clock: 'When the clock of the host counts as wrong.',
    metrics: 'Own metrics for Prometheus.',
    log: 'JSON lines on standard error.',
  },
  settings,
  check(v) {
    const complaints = []
    if ((v['mqtt.tls.certFile'] === null) !== (v['mqtt.tls.keyFile'] === null))
      complaints.push({
        path: v['mqtt.tls.certFile'] === null ? 'mqtt.tls.keyFile' : 'mqtt.tls.certFile',
        found: 'one of certFile and keyFile',
        wanted: 'both or none',
        mend: 'Give the certificate and the key that belongs to it.',
      })
    const tls = ['caFile', 'certFile', 'serverName'] as const
    const given = tls.find((key) => v[`mqtt.tls.${key}`] !== null)
    if (given && v['mqtt.url'].startsWith('mqtt:'))
      complaints.push({
        path: 'mqtt.url',
        found: `mqtt:// together with mqtt.tls.${given}`,
        wanted: 'mqtts:// for TLS',
        mend: 'Write mqtts:// or remove the TLS settings; otherwise the connection would not be encrypted.',
      })
    if (v['source.batchPeriod'] < v['source.samplePeriod'])
      complaints.push({
        path: 'source.batchPeriod',
        found: `${v['source.batchPeriod']} ms`,
        wanted: `at least source.samplePeriod (${v['source.samplePeriod']} ms)`,
        mend: 'Raise the batch period or lower the sample period.',
      })
    return complaints
  },
}
