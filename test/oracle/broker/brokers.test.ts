import { readFileSync as readAll } from 'node:fs'
import { connect, type MqttClient } from 'mqtt'
import t from 'tap'
import { downTopic, epochTopic, upTopic } from '#protocol/wire/topics'
import { createMemoryArchive } from '../../../oracle/archive/memoryArchive.ts'
import type { Roles } from '../../../oracle/broker/brokerAcl.ts'
import { startEmbeddedBroker } from '../../../oracle/broker/embeddedBroker.ts'
import { createIngest } from '../../../oracle/ingest/ingest.ts'
import { createOracleLink } from '../../../oracle/link/oracleLink.ts'
import { createAuthority, noOpenssl, type TestAuthority } from '../../helpers/certs.ts'
import { noMosquitto, startMosquittoOpen, startMosquittoTls } from '../../helpers/mosquitto.ts'
import { createSignedLog, primitives } from '../../helpers/signedLog.ts'

const FEED = 'fe'.repeat(32)
const roles: Roles = { nodes: ['node-1'], operators: [] }
const skipTls = noOpenssl()
const authorities = skipTls ? [] : [createAuthority(), createAuthority()]
const [authority, strangers] = authorities as [TestAuthority, TestAuthority]
t.teardown(() => {
  for (const each of authorities) each.remove()
})
const alice = createSignedLog()
const mallory = createSignedLog()

type Broker = { readonly url: string; stop(): Promise<void> }
const brokers: Record<string, { skip: string | undefined; start: () => Promise<Broker> }> = {
  'embedded broker': {
    skip: skipTls,
    start: () =>
      startEmbeddedBroker({
        host: '127.0.0.1',
        port: 0,
        tls: { ca: authority.ca, ...authority.server() },
        roles,
      }),
  },
  mosquitto: { skip: skipTls ?? noMosquitto(), start: () => startMosquittoTls(authority, roles) },
}

function client(url: string, name: string, from = authority): MqttClient {
  const { cert, key } = from.client(name)
  return connect(url, {
    ca: [readAll(authority.ca)],
    cert: readAll(cert),
    key: readAll(key),
    clientId: `test-${name.slice(0, 12)}-${Math.random().toString(16).slice(2, 8)}`,
    reconnectPeriod: 0,
    protocolVersion: 4,
  })
}

for (const [name, { skip, start }] of Object.entries(brokers)) {
  t.test(`${name} with mutual TLS`, { skip: skip ?? false }, async (t) => {
    const broker = await start()
    t.teardown(() => broker.stop())
    const node = client(broker.url, 'node-1')
    t.teardown(() => node.endAsync(true))
    const heard: string[] = []
    node.on('message', (topic) => heard.push(topic))
    await node.subscribeAsync(`assay/1/${FEED}/+/up/+`, { qos: 1 })

    t.test('an agent speaks under its own name and hears what is for it', async (t) => {
      const agent = client(broker.url, alice.agentHex)
      const answers: string[] = []
      agent.on('message', (topic) => answers.push(topic))
      await agent.subscribeAsync([`assay/1/${FEED}/${alice.agentHex}/down/+`, epochTopic(FEED)], { qos: 1 })
      await agent.publishAsync(upTopic(FEED, alice.agentHex, 'batch'), 'x', { qos: 1 })
      await until(() => heard.length === 1)
      await node.publishAsync(downTopic(FEED, alice.agentHex, 'ack'), 'y', { qos: 1 })
      await node.publishAsync(epochTopic(FEED), 'z', { qos: 1 })
      await until(() => answers.length === 2)
      t.same(heard, [upTopic(FEED, alice.agentHex, 'batch')])
      t.same(new Set(answers), new Set([downTopic(FEED, alice.agentHex, 'ack'), epochTopic(FEED)]))
      await agent.endAsync()
    })

    t.test('a foreign certificate gets nothing through under another agent', async (t) => {
      heard.length = 0
      const foreign = client(broker.url, mallory.agentHex)
      await once(foreign, 'connect')
      foreign.on('error', () => {})
      foreign.publish(upTopic(FEED, alice.agentHex, 'batch'), 'forged', { qos: 1 }, () => {})
      // mosquitto answers and drops, aedes hangs up: what follows shows that it is over.
      const again = client(broker.url, mallory.agentHex)
      await again.publishAsync(upTopic(FEED, mallory.agentHex, 'batch'), 'own', { qos: 1 })
      await until(() => heard.length > 0)
      t.same(heard, [upTopic(FEED, mallory.agentHex, 'batch')])
      await Promise.all([foreign.endAsync(true), again.endAsync(true)])
    })

    t.test('nor hears what is for others', async (t) => {
      const spy = client(broker.url, mallory.agentHex)
      await once(spy, 'connect')
      const spied: string[] = []
      spy.on('message', (topic) => spied.push(topic))
      spy.on('error', () => {})
      for (const filter of [`assay/1/${FEED}/+/up/+`, `assay/1/${FEED}/${alice.agentHex}/down/+`, '#'])
        await spy.subscribeAsync(filter, { qos: 1 }).catch(() => {})
      await spy.subscribeAsync(`assay/1/${FEED}/${mallory.agentHex}/down/+`, { qos: 1 })
      await node.publishAsync(downTopic(FEED, alice.agentHex, 'ack'), 'private', { qos: 1 })
      await node.publishAsync(downTopic(FEED, mallory.agentHex, 'ack'), 'mine', { qos: 1 })
      await until(() => spied.length > 0)
      t.same(spied, [downTopic(FEED, mallory.agentHex, 'ack')])
      await spy.endAsync(true)
    })

    t.test('a certificate of another authority does not connect', async (t) => {
      const stranger = client(broker.url, alice.agentHex, strangers)
      let connected = false
      stranger.on('connect', () => {
        connected = true
      })
      stranger.on('error', () => {})
      await once(stranger, 'close')
      t.notOk(connected)
      await stranger.endAsync(true)
    })
  })
}

t.test(
  'should a broker let a foreign message pass, ingest refuses it',
  { skip: noMosquitto() ?? false },
  async (t) => {
    const broker = await startMosquittoOpen()
    t.teardown(() => broker.stop())
    const archive = createMemoryArchive()
    archive.start()
    for (const log of [alice, mallory])
      archive.putAgent({
        agentId: log.agentId,
        publicKey: log.signer.publicKey,
        enrolment: new Uint8Array(),
        state: 'approved',
        enrolledAtMs: 0,
        changedAtMs: 0,
      })
    const ingest = createIngest({ archive, primitives, clock: Date.now })
    ingest.start()
    const link = createOracleLink({
      settings: {
        url: broker.url,
        protocolVersion: 4,
        clean: true,
        shared: false,
        ackEveryMs: 0,
        clientId: 'node',
      },
      feed: FEED,
      nodeId: new Uint8Array(20),
      signer: alice.signer,
      ingest,
      log: { info() {}, warn() {} },
    })
    link.start()
    t.teardown(() => link.stop())
    await link.connected()
    const foreign = connect(broker.url)
    const own = await mallory.next()
    await foreign.publishAsync(upTopic(FEED, alice.agentHex, 'batch'), Buffer.from(own.bytes), { qos: 1 })
    await until(() => ingest.counters().received === 1)
    await ingest.stop()
    t.equal(ingest.counters().rejected.topic_mismatch, 1)
    t.equal(archive.stats().entries, 0)
    t.match(archive.incidents(1), [{ kind: 'rejected', agentId: alice.agentHex }])
    await foreign.endAsync(true)
  },
)

function once(from: MqttClient, event: 'connect' | 'close'): Promise<void> {
  return new Promise((resolve) => from.once(event, () => resolve()))
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
}
