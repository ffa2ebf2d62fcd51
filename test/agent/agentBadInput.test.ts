import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { toHex } from '#protocol/bytes'
import { nobleSigner } from '#protocol/nobleSigner'
import { encodeAck } from '#protocol/wire/ack'
import { sign1 } from '#protocol/wire/cose'
import { type Entry, entrySegments } from '#protocol/wire/entry'
import { downTopic } from '#protocol/wire/topics'
import { nodeSpoolFs, type SpoolFs } from '../../agent/spool/spoolFs.ts'
import { testAgent, testSettings } from './helpers/agentFixture.ts'
import { batchesOf, eventSegments, eventsOf, lawHolds } from './helpers/chainFacts.ts'
import { type FakeFeed, type FakeNode, startFakeFeed } from './helpers/fakeFeed.ts'
import { createFakeProbe, type FakeDevice } from './helpers/fakeProbe.ts'
import { waitFor } from './helpers/waitFor.ts'

/** A feed of its own for each test: nodes remember. */
async function feedFor(t: { teardown(undo: () => Promise<void>): void }): Promise<FakeFeed> {
  const feed = await startFakeFeed()
  t.teardown(() => feed.stop())
  return feed
}

/** The newest batch on a node's chain. */
function newestBatch(node: FakeNode): Entry {
  const batch = batchesOf(node).at(-1)
  if (!batch) throw new Error('no batch yet')
  return batch
}

t.test('another serial under one index: told, not enrolled, and the old asset is absent', async (t) => {
  const feed = await feedFor(t)
  const settings = testSettings(t.testdir(), feed)
  const probe = createFakeProbe(2)
  const [node] = feed.nodes as [FakeNode]
  const agent = testAgent(t, settings, probe)
  await agent.start()
  await waitFor('batches', () => batchesOf(node).length > 2)
  const assetsOf = () =>
    entrySegments(newestBatch(node)).flatMap((segment) =>
      segment.kind === 'telemetry' && segment.subject ? [segment] : [],
    )
  const ids = assetsOf()
    .map((segment) => toHex(segment.subject as Uint8Array))
    .sort()
  const [, swapped] = probe.devices as [FakeDevice, FakeDevice]
  swapped.serial = 'SWAPPED-1'
  swapped.uuid = 'GPU-99999999-1111-2222-3333-444444444444'
  await waitFor('serial_changed', () => eventsOf(node).includes('serial_changed'))
  await waitFor('absent', () =>
    assetsOf().some((segment) =>
      segment.columns.every((c) => c.cells.every((cell) => cell.presence === 'absent')),
    ),
  )
  t.same(
    assetsOf()
      .map((segment) => toHex(segment.subject as Uint8Array))
      .sort(),
    ids,
    'the same two assets',
  )
  const event = eventSegments(node).find((each) => each.name === 'serial_changed')
  t.ok(event?.subject && ids.includes(toHex(event.subject)), 'told of the asset that was enrolled there')
  await agent.stop()
  const again = testAgent(t, settings, probe)
  await again.start()
  const count = () => eventsOf(node).filter((name) => name === 'serial_changed').length
  await waitFor('told once more after a restart', () => count() === 2)
  await waitFor('more batches', () => batchesOf(node).length > 10)
  t.equal(count(), 2, 'and not with every sample')
  await again.stop()
})

t.test('no driver: the agent runs, says so in every cell, and goes on when it comes', async (t) => {
  const feed = await feedFor(t)
  const settings = testSettings(t.testdir(), feed)
  const probe = createFakeProbe(1)
  const [node] = feed.nodes as [FakeNode]
  const agent = testAgent(t, settings, probe)
  await agent.start()
  await waitFor('batches', () => batchesOf(node).length > 2)
  probe.failure = new Error('driver gone')
  await waitFor('error cells', () =>
    entrySegments(newestBatch(node)).some(
      (segment) =>
        segment.kind === 'telemetry' &&
        segment.subject !== null &&
        segment.columns.length === 3 &&
        segment.columns.every((column) => column.cells.every((cell) => cell.presence === 'error')),
    ),
  )
  await agent.stop()
  const blind = testAgent(t, { ...settings, 'state.directory': join(t.testdir(), 'new') }, probe)
  t.match(await blind.start(), { devices: 0, source: 'fake' }, 'starts without any device')
  await blind.stop()
})

t.test('acks and epochs that no node of the roster signed change nothing', async (t) => {
  const feed = await feedFor(t)
  for (const node of feed.nodes) node.acks = false
  const agent = testAgent(t, testSettings(t.testdir(), feed), createFakeProbe(1))
  const { agentId } = await agent.start()
  const [node, other] = feed.nodes as [FakeNode, FakeNode]
  await waitFor('entries', () => node.chain.length > 3)
  const head = newestBatch(node)
  const { boot, seq } = head.header
  const forger = nobleSigner(new Uint8Array(32).fill(5))
  const ackBytes = (nodeId: Uint8Array, of: Uint8Array = head.header.agentId) =>
    encodeAck({ nodeId, agentId: of, boot, seq, hash: head.hash })
  const topic = downTopic(feed.feedHex, agentId, 'ack')
  feed.publish(topic, await sign1('assay/ack/1', ackBytes(node.nodeId), forger))
  feed.publish(topic, await sign1('assay/ack/1', ackBytes(other.nodeId), node.signer))
  feed.publish(topic, await sign1('assay/ack/1', ackBytes(node.nodeId, new Uint8Array(32)), node.signer))
  feed.publish(topic, await sign1('assay/acklist/1', ackBytes(node.nodeId), node.signer))
  for (const bytes of [new Uint8Array(0), new Uint8Array(1000).fill(0xff), head.bytes])
    feed.publish(topic, bytes)
  feed.publish(downTopic(feed.feedHex, agentId, 'ask'), new Uint8Array([0xff]))
  await feed.announceEpoch(5, 1, [node])
  await feed.announceEpoch(5, 1, [node])
  const count = node.chain.length
  await waitFor('more entries', () => node.chain.length > count + 5)
  t.equal(node.chain.at(-1)?.header.counters.acked, 0)
  t.equal(node.chain.at(-1)?.header.epoch, null, 'one node twice is not M nodes')
  for (const each of feed.nodes) each.acks = true
  await waitFor('true acks count', () => (node.chain.at(-1)?.header.counters.acked ?? 0) > 3)
  await agent.stop()
})

t.test('a clock off chain time is told once', async (t) => {
  const feed = await feedFor(t)
  const agent = testAgent(t, testSettings(t.testdir(), feed), createFakeProbe(1))
  await agent.start()
  const [node] = feed.nodes as [FakeNode]
  await waitFor('entries', () => node.chain.length > 1)
  for (const n of [3, 4]) await feed.announceEpoch(n, Math.floor(Date.now() / 1000) + 600 + n)
  await waitFor('clock_skew', () => eventsOf(node).includes('clock_skew'))
  await waitFor('epoch 4', () => batchesOf(node).at(-1)?.header.epoch?.n === 4)
  const told = eventSegments(node).filter((each) => each.name === 'clock_skew')
  t.equal(told.length, 1)
  t.ok((told[0]?.detail[0] ?? 0) < -590, 'in seconds, negative when the host is behind')
  await agent.stop()
})

t.test(
  'over quota with all nodes away: thinned, told, and linked over the holes when they return',
  async (t) => {
    const feed = await feedFor(t)
    for (const node of feed.nodes) node.isDown = true
    const probe = createFakeProbe(8)
    const settings = testSettings(t.testdir(), feed, {
      'spool.quotaTelemetry': 64 * 1024,
      'source.samplePeriod': 5,
      'source.batchPeriod': 5,
      'mqtt.window': 8,
    })
    const agent = testAgent(t, settings, probe)
    await agent.start()
    for (let i = 0; i < 5; i++) {
      probe.emit({ kind: 'xid', device: { index: i }, atMs: Date.now(), detail: [79, 0], text: 'test' })
      const samples = probe.samples
      await waitFor('more telemetry', () => probe.samples > samples + 50)
    }
    probe.delayMs = 200
    for (const node of feed.nodes) node.isDown = false
    const [node] = feed.nodes as [FakeNode]
    await waitFor(
      'linked over the holes',
      () => eventsOf(node).includes('spool_thinned') && lawHolds(node.chain.at(-1)),
      15_000,
    )
    await waitFor(
      'caught up',
      () => (node.chain.at(-1)?.header.counters.spooled ?? 99) < 10 && eventsOf(node).includes('xid'),
      25_000,
    )
    t.equal(eventsOf(node).filter((name) => name === 'xid').length, 5, 'no event was lost')
    const { dropped } = node.chain.at(-1)?.header.counters ?? { dropped: [] }
    t.match(dropped, [{ class: 'telemetry', reason: 'quota' }])
    t.ok(node.chain.some((entry) => entry.header.tombstones.length > 0))
    await agent.stop()
  },
)

t.test('a full disk: sampling goes on, the loss is counted and told when there is room again', async (t) => {
  const feed = await feedFor(t)
  let isFull = false
  const full = (): never => {
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
  }
  const spoolFs: SpoolFs = {
    ...nodeSpoolFs,
    async open(path) {
      const file = await nodeSpoolFs.open(path)
      const isState = path.includes('state-')
      return { ...file, write: async (bytes, at) => (isFull && !isState ? full() : file.write(bytes, at)) }
    },
  }
  const probe = createFakeProbe(1)
  const agent = testAgent(t, testSettings(t.testdir(), feed), probe, { spoolFs })
  await agent.start()
  const [node] = feed.nodes as [FakeNode]
  await waitFor('entries', () => node.chain.length > 3)
  isFull = true
  const samples = probe.samples
  await waitFor('sampling goes on', () => probe.samples > samples + 5)
  probe.emit({ kind: 'xid', device: { index: 0 }, atMs: Date.now(), detail: [48, 0], text: 'test' })
  const length = node.chain.length
  isFull = false
  await waitFor('goes on', () => node.chain.length > length + 3)
  await waitFor('disk_full', () => eventsOf(node).includes('disk_full'))
  const event = eventSegments(node).find((each) => each.name === 'disk_full')
  t.ok((event?.detail[0] ?? 0) >= 3, 'with the number of entries that could not be kept')
  await waitFor('the event of that time', () => eventsOf(node).includes('xid'))
  t.ok(node.chain.every(lawHolds))
  t.ok(
    node.chain.every((entry, i) => entry.header.seq === i),
    'no gap in the log',
  )
  await agent.stop()
})

t.test('a corrupt spool: told, counted, and the rest is delivered', async (t) => {
  const feed = await feedFor(t)
  const directory = t.testdir()
  const settings = testSettings(directory, feed)
  await feed.stopBroker()
  const probe = createFakeProbe(1)
  const agent = testAgent(t, settings, probe)
  const { boot } = await agent.start()
  await waitFor('samples', () => probe.samples > 8)
  await agent.stop()
  const segment = join(directory, 'state', 'spool', 'telemetry-00000002.seg')
  const bytes = await readFile(segment)
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 1
  await writeFile(segment, bytes)
  await feed.startBroker()
  const again = testAgent(t, settings, probe)
  await again.start()
  const [node] = feed.nodes as [FakeNode]
  await waitFor('spool_damaged', () => eventsOf(node).includes('spool_damaged'))
  await waitFor('batches of both boots', () => batchesOf(node).some((entry) => entry.header.boot > boot))
  const last = node.chain.at(-1)
  t.match(last?.header.counters.dropped, [{ class: 'telemetry', reason: 'damaged', count: 1 }])
  t.ok(batchesOf(node).filter((entry) => entry.header.boot === boot).length >= 6)
  await again.stop()
})
