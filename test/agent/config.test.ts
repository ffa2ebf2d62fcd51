import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sampleFile } from '#protocol/settings/sampleFile'
import { AGENT_SETTINGS } from '../../agent/agentSettings.ts'
import { agentConfig, readAgentConfig } from '../../agent/config.ts'

const root = join(import.meta.dirname, '..', '..')

t.test('agent.config.yaml is the generated sample and means all defaults', async (t) => {
  const path = join(root, 'agent.config.yaml')
  t.equal(readFileSync(path, 'utf8'), sampleFile(AGENT_SETTINGS), 'run `assay config sample`')
  t.same(agentConfig(path, {}), agentConfig(null, {}))
})

t.test('every fault is told at once, with file:line:column and the way to mend it', async (t) => {
  const directory = t.testdir({
    'a.yaml': [
      'version: 1',
      'mqtt:',
      '  url: mqtt://h',
      '  windw: 3',
      '  tls:',
      '    certFile: c.pem',
      'source: {samplePeriod: 2s, batchPeriod: 1s}',
      'metrics:',
      '  listen: 0.0.0.0:9477',
    ].join('\n'),
  })
  const file = join(directory, 'a.yaml')
  const lines = (() => {
    try {
      agentConfig(file, { ASSAY_AGENT_LOG_LEVEL: 'loud' })
    } catch (error) {
      return (error as Error).message
    }
    return ''
  })()
  t.match(lines, /^AGENT_CONFIG:/)
  t.match(lines, `${file}:4:3: mqtt.windw: found the unknown key windw`)
  t.match(lines, 'Did you mean window?')
  t.match(lines, `${file}:9:11: metrics.listen: found text "0.0.0.0:9477", wanted off, 127.0.0.1:PORT`)
  t.match(lines, 'ASSAY_AGENT_LOG_LEVEL: log.level: found text "loud"')
})

t.test('rules over several settings stand at the line of the setting', async (t) => {
  const directory = t.testdir({
    'a.yaml': 'version: 1\nmqtt:\n  url: mqtt://h\n  tls:\n    caFile: ca.pem\n    certFile: c.pem\n',
    'b.yaml': 'version: 1\nsource: {samplePeriod: 2s, batchPeriod: 1s}\n',
  })
  const issues = readAgentConfig(join(directory, 'a.yaml'), {}).issues
  t.match(issues, [
    { place: /a\.yaml:6:15$/, path: 'mqtt.tls.certFile' },
    { place: /a\.yaml:3:8$/, path: 'mqtt.url', wanted: /mqtts/ },
  ])
  t.match(readAgentConfig(join(directory, 'b.yaml'), {}).issues, [{ path: 'source.batchPeriod' }])
})

t.test(
  'paths are taken from the directory of the file, environment from the working directory',
  async (t) => {
    const directory = t.testdir({ 'a.yaml': 'version: 1\nstate: {directory: s}\n' })
    const values = agentConfig(join(directory, 'a.yaml'), {
      ASSAY_AGENT_MQTT_TLS_CA_FILE: 'ca.pem',
      ASSAY_AGENT_MQTT_URL: 'mqtts://h',
    })
    t.equal(values['state.directory'], join(directory, 's'))
    t.equal(values['mqtt.tls.caFile'], join(process.cwd(), 'ca.pem'))
  },
)

t.test('a file that is not there is a coded error', async (t) => {
  t.throws(() => agentConfig('/no/such.yaml', {}), { code: 'AGENT_CONFIG_FILE' })
})
