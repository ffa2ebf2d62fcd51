import { connect, type MqttClient } from 'mqtt'
import t from 'tap'
import { decodeAck } from '#protocol/wire/ack'
import { decodeAsk } from '#protocol/wire/ask'
import { openSign1 } from '#protocol/wire/cose'
import { downTopic, epochTopic, upTopic } from '#protocol/wire/topics'
import { createMemoryArchive } from '../../../oracle/archive/memoryArchive.ts'
import { startEmbeddedBroker } from '../../../oracle/broker/embeddedBroker.ts'
import { createIngest } from '../../../oracle/ingest/ingest.ts'
import type { LinkSettings } from '../../../oracle/link/linkSettings.ts'
import { createOracleLink, type OracleLink } from '../../../oracle/link/oracleLink.ts'
import { createAuthority, noOpenssl } from '../../helpers/certs.ts'
import { noMosquitto, startMosquittoOpen, startMosquittoTls } from '../../helpers/mosquitto.ts'
import { freePort } from '../../helpers/realServer.ts'
import { createSignedLog, primitives, type SignedLog } from '../../helpers/signedLog.ts'

const FEED = 'fe'.repeat(32)
const NODE = new Uint8Array(20).fill(9)
const transport = createSignedLog().signer

type Teardown = { teardown(fn: () => unknown): unknown }

function node(t: Teardown, url: string, change: Partial<LinkSettings> = {}) {
  const archive = createMemoryArchive()
  archive.start()
  const log = createSignedLog()
  archive.putAgent({
    agentId: log.agentId,
    publicKey: log.signer.publicKey,
    enrolment: new Uint8Array(),
    state: 'approved',
    enrolledAtMs: 0,
    changedAtMs: 0,
  })
  const warnings: { code?: string; text: string }[] = []
  let link: OracleLink | undefined
  const ingest = createIngest({
    archive,
    primitives,
    clock: Date.now,
    limits: { gapGraceMs: 100 },
    onHeads: (heads) => link?.ackHeads(heads),
    onGap: (gap) => link?.ask(gap),
  })
  const settings: LinkSettings = {
    url,
    protocolVersion: 4,
    clean: true,
    shared: false,
    ackEveryMs: 20,
    clientId: 'node-under-test',
    ...change,
  }
  link = createOracleLink({
    settings,
    feed: FEED,
    nodeId: NODE,
    signer: transport,
    ingest,
    log: { info() {}, warn: (facts, text) => warnings.push({ ...facts, text }) },
  })
  ingest.start()
  link.start()
  t.teardown(async () => {
    await link?.stop()
    await ingest.stop()
  })
  return { archive, ingest, link, log, warnings }
}

async function agentOf(t: Teardown, log: SignedLog, url: string, tls = {}) {
  const client = connect(url, { clientId: 'agent', reconnectPeriod: 50, ...tls })
  t.teardown(() => client.endAsync(true))
  client.on('error', () => {})
  const heard = new Map<string, Uint8Array[]>()
  client.on('message', (topic, payload) => heard.set(topic, [...(heard.get(topic) ?? []), payload]))
  await client.subscribeAsync([`assay/1/${FEED}/${log.agentHex}/down/+`, epochTopic(FEED)], { qos: 1 })
  return { client, heard: (topic: string) => heard.get(topic) ?? [] }
}

const send = (client: MqttClient, log: SignedLog, bytes: Uint8Array) =>
  client.publishAsync(upTopic(FEED, log.agentHex, 'batch'), Buffer.from(bytes), { qos: 1 })

const acked = (payloads: readonly Uint8Array[]) =>
  payloads.map((cose) => decodeAck(openSign1('assay/ack/1', cose, transport.publicKey, primitives)))

async function exchange(
  t: typeof import('tap').default,
  url: string,
  change: Partial<LinkSettings>,
  tls = {},
) {
  const { link, log, archive } = node(t, url, change)
  await link.connected()
  const { client, heard } = await agentOf(t, log, url, tls)
  const ackTopic = downTopic(FEED, log.agentHex, 'ack')
  const entries = [await log.next(), await log.next(), await log.next()]
  for (const entry of entries) await send(client, log, entry.bytes)
  await until(() => acked(heard(ackTopic)).some((ack) => ack.seq === 2))
  const last = acked(heard(ackTopic)).at(-1)
  t.match(last, { nodeId: NODE, agentId: log.agentId, boot: 1, seq: 2, hash: entries[2]?.hash })
  t.equal(archive.head(log.agentId)?.seq, 2)
  link.publishEpochNotice(new Uint8Array([1, 2]))
  await until(() => heard(epochTopic(FEED)).length === 1)
}

t.test('embedded broker: entries in, signed cumulative acks and epoch notices out', async (t) => {
  const broker = await startEmbeddedBroker({ host: '127.0.0.1', port: 0 })
  t.teardown(() => broker.stop())
  await exchange(t as never, broker.url, {})
})

t.test('mosquitto: MQTT 3.1.1 and 5, shared subscriptions', { skip: noMosquitto() ?? false }, async (t) => {
  const broker = await startMosquittoOpen()
  t.teardown(() => broker.stop())
  for (const protocolVersion of [4, 5] as const)
    for (const shared of [false, true])
      await t.test(`version ${protocolVersion}, shared ${shared}`, (t) =>
        exchange(t as never, broker.url, {
          protocolVersion,
          shared,
          clean: true,
          clientId: `n${Math.random()}`,
        }),
      )
})

t.test('mosquitto with mutual TLS', { skip: noMosquitto() ?? noOpenssl() ?? false }, async (t) => {
  const authority = createAuthority()
  t.teardown(() => authority.remove())
  const broker = await startMosquittoTls(authority, { nodes: ['node-1'], operators: [] })
  t.teardown(() => broker.stop())
  const { cert, key } = authority.client('node-1')
  const { link, log } = node(t, broker.url, { ca: authority.ca, cert, key })
  await link.connected()
  const own = authority.client(log.agentHex)
  const read = (file: string) => import('node:fs').then(({ readFileSync }) => readFileSync(file))
  const tls = { ca: [await read(authority.ca)], cert: await read(own.cert), key: await read(own.key) }
  const { client, heard } = await agentOf(t, log, broker.url, tls)
  await send(client, log, (await log.next()).bytes)
  await until(() => heard(downTopic(FEED, log.agentHex, 'ack')).length > 0)
  t.equal(acked(heard(downTopic(FEED, log.agentHex, 'ack')))[0]?.seq, 0)
})

t.test('many entries of one agent get few acks', async (t) => {
  const broker = await startEmbeddedBroker({ host: '127.0.0.1', port: 0 })
  t.teardown(() => broker.stop())
  const { link, log } = node(t, broker.url, { ackEveryMs: 200 })
  await link.connected()
  const { client, heard } = await agentOf(t, log, broker.url)
  const ackTopic = downTopic(FEED, log.agentHex, 'ack')
  const sent = []
  for (let i = 0; i < 100; i++) sent.push(send(client, log, (await log.next()).bytes))
  await Promise.all(sent)
  await until(() => acked(heard(ackTopic)).some((ack) => ack.seq === 99))
  t.ok(heard(ackTopic).length <= 10, `${heard(ackTopic).length} acks for 100 entries`)
})

t.test('a gap is asked for', async (t) => {
  const broker = await startEmbeddedBroker({ host: '127.0.0.1', port: 0 })
  t.teardown(() => broker.stop())
  const { link, log } = node(t, broker.url)
  await link.connected()
  const { client, heard } = await agentOf(t, log, broker.url)
  const entries = [await log.next(), await log.next(), await log.next()] as const
  await send(client, log, entries[0].bytes)
  await send(client, log, entries[2].bytes)
  const askTopic = downTopic(FEED, log.agentHex, 'ask')
  await until(() => heard(askTopic).length > 0)
  t.same(decodeAsk(heard(askTopic)[0] as Uint8Array), {
    nodeId: NODE,
    agentId: log.agentId,
    after: { boot: 1, seq: 0 },
    to: { boot: 1, seq: 2 },
  })
  await send(client, log, entries[1].bytes)
  await until(() => acked(heard(downTopic(FEED, log.agentHex, 'ack'))).some((ack) => ack.seq === 2))
})

t.test(
  'the broker is killed and comes back: the link returns, acks what it owes',
  { skip: noMosquitto() ?? false },
  async (t) => {
    const port = await freePort()
    const first = await startMosquittoOpen(port)
    const { link, log, ingest } = node(t, first.url)
    await link.connected()
    const { client, heard } = await agentOf(t, log, first.url)
    const ackTopic = downTopic(FEED, log.agentHex, 'ack')
    await send(client, log, (await log.next()).bytes)
    await until(() => heard(ackTopic).length === 1)
    await first.stop('SIGKILL')
    await until(() => link.state() === 'connecting')
    t.equal((await ingest.receive(log.agentHex, (await log.next()).bytes)).outcome, 'stored')

    const second = await startMosquittoOpen(port)
    t.teardown(() => second.stop())
    await link.connected()
    await until(() => client.connected)
    await send(client, log, (await log.next()).bytes)
    await until(() => acked(heard(ackTopic)).some((ack) => ack.seq === 2))
    t.ok(link.counters().connects >= 2)
  },
)

t.test('a subscription that the broker refuses is told with its code', async (t) => {
  const broker = await startEmbeddedBroker({ host: '127.0.0.1', port: 0 })
  t.teardown(() => broker.stop())
  const { link, warnings } = node(t, broker.url, { shared: true })
  await until(() => warnings.some((warning) => warning.code === 'ORACLE_MQTT_SUBSCRIBE'))
  t.equal(link.state(), 'connecting', 'it does not claim to be connected')
})

t.test('a TLS file that is not there', async (t) => {
  t.throws(() => node({ teardown() {} }, 'mqtts://127.0.0.1:1', { ca: '/nowhere/ca.pem' }), {
    code: 'ORACLE_MQTT_FILE',
  })
})

t.test('no broker: the link says so and goes on trying', async (t) => {
  const port = await freePort()
  const { link, warnings } = node(t, `mqtt://127.0.0.1:${port}`)
  await until(() => warnings.length > 0)
  t.equal(link.state(), 'connecting')
  const broker = await startEmbeddedBroker({ host: '127.0.0.1', port })
  t.teardown(() => broker.stop())
  await link.connected()
  t.equal(link.state(), 'connected')
})

t.test('a full ingest stops reading from the broker and loses nothing', async (t) => {
  const broker = await startEmbeddedBroker({ host: '127.0.0.1', port: 0 })
  t.teardown(() => broker.stop())
  let room = true
  let release = () => {}
  const received: Uint8Array[] = []
  const link = createOracleLink({
    settings: {
      url: broker.url,
      protocolVersion: 4,
      clean: true,
      shared: false,
      ackEveryMs: 0,
      clientId: 'slow',
    },
    feed: FEED,
    nodeId: NODE,
    signer: transport,
    ingest: {
      async receive(_agent, bytes) {
        received.push(bytes)
        if (received.length === 3) room = false
        return { outcome: 'stored', verdict: 0 }
      },
      hasRoom: () => room,
      ready: () => new Promise((resolve) => (release = resolve)),
    },
    log: { info() {}, warn() {} },
  })
  link.start()
  t.teardown(() => link.stop())
  await link.connected()
  const client = connect(broker.url)
  t.teardown(() => client.endAsync(true))
  const topic = upTopic(FEED, 'ab'.repeat(32), 'event')
  for (let i = 0; i < 20; i++) await client.publishAsync(topic, `${i}`, { qos: 1 })
  t.equal(received.length, 3, 'waits')
  room = true
  release()
  await until(() => received.length === 20)
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
}
