import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as tcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect, type MqttClient } from 'mqtt'
import t from 'tap'
import { upTopic } from '#protocol/wire/topics'
import { startEmbeddedBroker } from '../../../oracle/broker/embeddedBroker.ts'
import { runBrokerCommand } from '../../../oracle/broker/runBrokerCommand.ts'

const FEED = 'fe'.repeat(32)

t.test('a packet longer than allowed ends the connection before it is collected', async (t) => {
  const broker = await startEmbeddedBroker({ host: '127.0.0.1', port: 0, maxPacketBytes: 10_000 })
  t.teardown(() => broker.stop())
  const client = connect(broker.url, { reconnectPeriod: 0 })
  client.on('error', () => {})
  await client.publishAsync(upTopic(FEED, 'aa', 'batch'), Buffer.alloc(9_000), { qos: 1 })
  client.publish(upTopic(FEED, 'aa', 'batch'), Buffer.alloc(11_000), { qos: 1 }, () => {})
  await closed(client)
  t.equal(broker.counters().oversized, 1)
  await client.endAsync(true)

  const raw = tcp(broker.port, '127.0.0.1')
  await once(raw, 'connect')
  raw.write(new Uint8Array([0x30, 0xff, 0xff, 0xff, 0x7f]))
  raw.on('error', () => {})
  await once(raw, 'close')
  t.equal(broker.counters().oversized, 2, 'announced 256 MiB')
})

function closed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()))
}

t.test('without certificates it listens on loopback only', async (t) => {
  await t.rejects(startEmbeddedBroker({ host: '0.0.0.0', port: 0 }), { code: 'ORACLE_BROKER_OPEN' })
  const broker = await startEmbeddedBroker({ host: '127.0.0.1', port: 0 })
  t.teardown(() => broker.stop())
  await t.rejects(startEmbeddedBroker({ host: '127.0.0.1', port: broker.port }), {
    code: 'ORACLE_BROKER_LISTEN',
  })
})

t.test('shared subscriptions are refused instead of silently delivering nothing', async (t) => {
  const broker = await startEmbeddedBroker({ host: '127.0.0.1', port: 0 })
  t.teardown(() => broker.stop())
  const client = connect(broker.url, { reconnectPeriod: 0 })
  t.teardown(() => client.endAsync(true))
  const refused = await client
    .subscribeAsync(`$share/n/assay/1/${FEED}/+/up/+`, { qos: 1 })
    .then((granted) => granted.some((grant) => grant.qos === 128))
    .catch(() => true)
  t.ok(refused)
  t.equal(broker.counters().refusedSubscriptions, 1)
})

t.test('assay broker: says where it listens, ends on a signal, and with its parent', async (t) => {
  const start = (args: string[]) =>
    spawn(process.execPath, [...process.execArgv, 'assay.ts', 'broker', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const child = start(['--port', '0'])
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { listening, port } = JSON.parse(line)
  t.equal(listening, `mqtt://127.0.0.1:${port}`)

  t.equal(await runBrokerCommand(['--port', String(port)]), 1, 'the port is taken')

  child.kill('SIGTERM')
  t.same(await once(child, 'close'), [0, null])
  t.equal(await runBrokerCommand(['--port', 'x']), 2)

  const folder = mkdtempSync(join(tmpdir(), 'assay-broker-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const files = ['--ca', 'ca.pem', '--cert', 'c.pem', '--key', 'k.pem']
  t.equal(await runBrokerCommand(['--mosquitto', folder, ...files, '--node', 'node-1', '--port', '8883']), 0)
  t.match(readFileSync(join(folder, 'mosquitto.conf'), 'utf8'), /listener 8883 127\.0\.0\.1/)
  t.match(readFileSync(join(folder, 'acl'), 'utf8'), /user node-1/)
  t.equal(await runBrokerCommand(['--mosquitto', folder]), 2)

  // A shell stands between: killing it orphans the broker, which then ends by itself.
  const shell = spawn(
    'sh',
    [
      '-c',
      `"$@" & wait`,
      'sh',
      process.execPath,
      ...process.execArgv,
      'assay.ts',
      'broker',
      '--port',
      '0',
      '--with-parent',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await once(createInterface({ input: shell.stdout }), 'line')
  shell.kill('SIGKILL')
  await once(shell.stdout, 'close')
  t.pass('its output closed: it is gone')
})
