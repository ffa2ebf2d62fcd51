import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import { printSettings, showSettings } from '#protocol/settings/printSettings'
import { duration, size } from '#protocol/settings/quantity'
import { formatIssue, readSettings } from '#protocol/settings/readSettings'
import { sampleFile } from '#protocol/settings/sampleFile'
import { optional, required, type SettingsSchema, setting } from '#protocol/settings/settingsSchema'
import { settingsTable } from '#protocol/settings/settingsTable'
import { choice, flag, hex, integer, list, path, quoteText, text, url } from '#protocol/settings/settingType'

const settings = {
  'node.name': required(text(), 'Name of the node.', { example: 'node-1' }),
  'mqtt.url': setting(url(['mqtt', 'mqtts']), 'mqtt://127.0.0.1:1883', 'Broker.'),
  'mqtt.protocolVersion': setting(integer({ min: 4, max: 5 }), 4, 'MQTT version.'),
  'mqtt.tls.caFile': optional(path(), 'Certificate authority.'),
  'mqtt.tls.keyFile': optional(path(), 'Client key.'),
  'mqtt.clean': setting(flag(), true, 'Clean session.'),
  'batch.period': setting(duration({ minMs: 100, maxMs: 3_600_000 }), 10_000, 'Batch period.'),
  'spool.quota': setting(size({ min: 1024, max: 2 ** 40 }), 64 * 2 ** 20, 'Quota.'),
  'log.level': setting(choice(['info', 'debug']), 'info', 'Level.'),
  'roster.fingerprint': optional(hex(32), 'Pinned roster.'),
  'roster.nodes': setting(list(url(['http', 'https'])), [], 'Node URLs.'),
  'token.secret': optional(text(), 'A secret.', { sensitive: true }),
}
const schema: SettingsSchema<typeof settings> = {
  title: 'Sample',
  fileName: 'sample.yaml',
  envPrefix: 'ASSAY_SAMPLE',
  version: 1,
  sections: { mqtt: 'The broker.', 'mqtt.tls': 'TLS.' },
  settings,
  check: (v) =>
    v['mqtt.tls.keyFile'] && !v['mqtt.tls.caFile']
      ? [{ path: 'mqtt.tls.keyFile', found: 'a key alone', wanted: 'a key and a CA', mend: 'Add caFile.' }]
      : [],
}
const read = (body: string | null, env: Record<string, string> = {}) =>
  readSettings(schema, { file: 'x.yaml', text: body, env })
const told = (body: string, env: Record<string, string> = {}) => read(body, env).issues.map(formatIssue)

t.test('environment over file over default, with origins', async (t) => {
  const got = read('version: 1\nnode:\n  name: a\nmqtt:\n  protocolVersion: 5\nbatch:\n  period: 250ms\n', {
    ASSAY_SAMPLE_MQTT_PROTOCOL_VERSION: '4',
    ASSAY_SAMPLE_ROSTER_NODES: 'http://a:1, https://b',
    OTHER: 'ignored',
  })
  t.same(got.issues, [])
  t.match(got.values, {
    'node.name': 'a',
    'mqtt.protocolVersion': 4,
    'batch.period': 250,
    'spool.quota': 64 * 2 ** 20,
    'mqtt.tls.caFile': null,
    'roster.nodes': ['http://a:1', 'https://b'],
  })
  t.same(got.origins['batch.period'], { from: 'file', line: 7, column: 11 })
  t.same(got.origins['mqtt.protocolVersion'], { from: 'env', name: 'ASSAY_SAMPLE_MQTT_PROTOCOL_VERSION' })
  t.same(got.origins['log.level'], { from: 'default' })
})

t.test('each fault says file:line:column, what was found, what was wanted and how to mend it', async (t) => {
  const head = 'version: 1\nnode: {name: a}\n'
  const cases: [string, string][] = [
    [
      `${head}mqtt:\n  url: ftp://x\n`,
      'x.yaml:4:8: mqtt.url: found text "ftp://x", wanted a URL that begins with mqtt://',
    ],
    [
      `${head}mqtt:\n  protocolVersion: "5"\n`,
      'x.yaml:4:20: mqtt.protocolVersion: found text "5", wanted a whole number from 4 to 5',
    ],
    [`${head}mqtt:\n  protocolVersion: 6\n`, 'x.yaml:4:20: mqtt.protocolVersion: found number 6'],
    [`${head}mqtt:\n  clean: yes\n`, 'x.yaml:4:10: mqtt.clean: found text "yes", wanted true or false'],
    [`${head}mqtt:\n  protcolVersion: 5\n`, 'Did you mean protocolVersion?'],
    [`${head}protocolVersion: 5\n`, 'Did you mean mqtt.protocolVersion?'],
    [`${head}mqtt:\n  clean: true\n  clean: false\n`, 'x.yaml:5:3: YAML: found the same key twice'],
    [`${head}mqtt: 5\n`, 'x.yaml:3:1: mqtt: found a single value, wanted a section'],
    [`${head}mqtt:\n  url: {a: 1}\n`, 'x.yaml:4:3: mqtt.url: found a map'],
    [
      `${head}batch:\n  period: 10\n`,
      'x.yaml:4:11: batch.period: found number 10, wanted a number with a unit',
    ],
    [`${head}mqtt:\n\turl: x\n`, 'x.yaml:4:'],
    [
      `${head}mqtt:\n  tls:\n    keyFile: k\n`,
      'x.yaml:5:14: mqtt.tls.keyFile: found a key alone, wanted a key and a CA. Add caFile.',
    ],
    [
      'node: {name: a}\n',
      'x.yaml:1:1: version: found nothing, wanted 1. Begin the file with the line "version: 1".',
    ],
    ['version: 2\nnode: {name: a}\n', 'x.yaml:1:10: version: found 2, wanted 1.'],
    ['version: 1\n', 'x.yaml: node.name: found nothing, wanted a text'],
    ['- 1\n', 'x.yaml:1:1: file: found no settings, wanted a map of settings'],
    ['', 'file: found no settings'],
  ]
  for (const [body, wanted] of cases) {
    const lines = told(body)
    t.ok(
      lines.some((line) => line.includes(wanted)),
      wanted,
      { lines },
    )
    t.equal(read(body).values, null)
  }
  t.match(
    told(head, { ASSAY_SAMPLE_MQTT_UR: 'x' }).join(),
    /unknown variable .*Did you mean ASSAY_SAMPLE_MQTT_URL\?/,
  )
  t.match(
    told(head, { ASSAY_SAMPLE_MQTT_CLEAN: 'no' }).join(),
    /ASSAY_SAMPLE_MQTT_CLEAN: mqtt.clean: found text "no"/,
  )
  t.equal(told(`${head}mqtt:\n  url: 1\n  clean: 2\nlog:\n  level: loud\n`).length, 3, 'all faults at once')
})

t.test('secrets are never shown', async (t) => {
  const got = read('version: 1\nnode: {name: a}\nmqtt: {url: "mqtt://u:pw@h"}\ntoken: {secret: hush}\n')
  const out = printSettings(schema, got, 'x.yaml') + JSON.stringify(showSettings(schema, got, 'x.yaml'))
  t.notMatch(out, /hush|pw@/)
  t.match(out, /mqtt:\/\/u:\*\*\*@h/)
  const wrong = told(
    'version: 1\nnode: {name: a}\nmqtt: {url: "http://u:pw@h"}\ntoken: {secret: ["hush"]}\n',
  ).join()
  t.notMatch(wrong, /hush|pw@/)
})

t.test('what is printed reads back as the same settings', async (t) => {
  const word = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  await fc.assert(
    fc.asyncProperty(
      word,
      fc.integer({ min: 4, max: 5 }),
      fc.integer({ min: 100, max: 3_600_000 }),
      async (name, v, ms) => {
        const first = read(
          `version: 1\nnode: {name: ${quoteText(name)}}\nmqtt: {protocolVersion: ${v}}\nbatch: {period: ${ms}ms}\n`,
        )
        t.same(first.issues, [], `name of code points ${[...name].map((c) => c.codePointAt(0))}`)
        const again = read(printSettings(schema, first, 'x.yaml'))
        t.same(again.values, first.values)
      },
    ),
    { numRuns: 60 },
  )
})

t.test('any text is read without throwing', async (t) => {
  await fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (body) => {
      const got = read(body)
      return got.values !== null || got.issues.length > 0
    }),
    { numRuns: 500 },
  )
  t.pass('500 texts')
})

t.test('the sample file is valid, means all defaults, and names every setting', async (t) => {
  const sample = sampleFile(schema)
  const got = read(sample)
  t.same(got.issues, [])
  t.same(got.values, read('version: 1\nnode: {name: node-1}\n').values)
  const open = sample
    .replaceAll(/^( *)# ([A-Za-z]+: ?\S*)$/gm, '$1$2')
    .replaceAll(/^ *[A-Za-z]+: *$/gm, (line) => line)
  t.match(
    parse(open),
    { mqtt: { protocolVersion: 4, tls: { caFile: null } } },
    'commented lines are well-formed',
  )
  t.equal(settingsTable(schema).trim().split('\n').length, 2 + Object.keys(settings).length)
})

t.test('relative paths are resolved by the given rule', async (t) => {
  const got = readSettings(schema, {
    file: 'x.yaml',
    text: 'version: 1\nnode: {name: a}\nmqtt: {tls: {caFile: ca.pem}}\n',
    env: {},
    resolvePath: (value, origin) => `${origin.from}/${value}`,
  })
  t.equal(got.values?.['mqtt.tls.caFile'], 'file/ca.pem')
})
