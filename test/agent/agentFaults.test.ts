import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { toHex } from '#protocol/bytes'
import { testAgent, testSettings } from './helpers/agentFixture.ts'
import { batchesOf, eventSegments, eventsOf, forksOf, lawHolds } from './helpers/chainFacts.ts'
import { type FakeFeed, type FakeNode, startFakeFeed } from './helpers/fakeFeed.ts'
import { createFakeProbe } from './helpers/fakeProbe.ts'
import { waitFor } from './helpers/waitFor.ts'

/** A feed of its own for each test: nodes remember. */
async function feedFor(t: { teardown(undo: () => Promise<void>): void }): Promise<FakeFeed> {
  const feed = await startFakeFeed()
  t.teardown(() => feed.stop())
  return feed
}

t.test('no broker: everything is spooled, and drains in order when it comes', async (t) => {
  const feed = await feedFor(t)
  await feed.stopBroker()
  const probe = createFakeProbe(1)
  const agent = testAgent(t, testSettings(t.testdir(), feed, { 'mqtt.window': 4 }), probe)
  await agent.start()
  const [node] = feed.nodes as [FakeNode]
  await waitFor('a backlog', () => probe.samples > 14)
  t.equal(node.chain.length, 0)
  await feed.startBroker()
  await waitFor('the backlog', () => batchesOf(node).length > 12)
  t.ok(
    node.chain.every((entry, i) => entry.header.seq === i),
    'gapless from the first entry on',
  )
  t.ok(node.chain.every(lawHolds))
  await waitFor('acked by M', () => (node.chain.at(-1)?.header.counters.acked ?? 0) > 10)
  await agent.stop()
})

t.test('one ack is not enough: entries stay until M nodes have them', async (t) => {
  const feed = await feedFor(t)
  const [a, b, c] = feed.nodes as [FakeNode, FakeNode, FakeNode]
  b.isDown = true
  c.isDown = true
  const agent = testAgent(t, testSettings(t.testdir(), feed), createFakeProbe(1))
  await agent.start()
  await waitFor('node a has entries', () => batchesOf(a).length > 5)
  t.equal(a.chain.at(-1)?.header.counters.acked, 0)
  b.isDown = false
  await waitFor('node b gets all of it again', () => b.chain.length >= 6 && b.chain[0]?.header.seq === 0)
  await waitFor('now they are acked', () => (a.chain.at(-1)?.header.counters.acked ?? 0) > 3)
  await agent.stop()
})

t.test('a state directory from a backup: rolled back, never a fork', async (t) => {
  const feed = await feedFor(t)
  const directory = t.testdir()
  const settings = testSettings(directory, feed, { 'enrol.onStart': true })
  const probe = createFakeProbe(1)
  const [node] = feed.nodes as [FakeNode]
  const runFor = async (batches: number): Promise<void> => {
    const agent = testAgent(t, settings, probe)
    const { boot } = await agent.start()
    await waitFor(
      'batches of this boot',
      () => batchesOf(node).filter((entry) => entry.header.boot === boot).length >= batches,
    )
    await agent.stop()
  }
  await runFor(3)
  await cp(join(directory, 'state'), join(directory, 'backup'), { recursive: true })
  await runFor(4)
  const known = node.chain.at(-1)
  await rm(join(directory, 'state'), { recursive: true })
  await cp(join(directory, 'backup'), join(directory, 'state'), { recursive: true })
  const agent = testAgent(t, settings, probe)
  const started = await agent.start()
  t.ok(started.boot > (known?.header.boot ?? 0), 'beyond every boot that the nodes know')
  await waitFor('rolled_back', () => eventsOf(node).includes('rolled_back'))
  const event = eventSegments(node).find((each) => each.name === 'rolled_back')
  t.same(event?.detail, [known?.header.boot, known?.header.seq])
  const first = node.chain.find((entry) => entry.header.boot === started.boot)
  t.equal(toHex(first?.header.prev ?? new Uint8Array()), toHex(known?.hash ?? new Uint8Array()))
  await agent.stop()

  t.comment('the same backup again, with every node out of reach')
  await rm(join(directory, 'state'), { recursive: true })
  await cp(join(directory, 'backup'), join(directory, 'state'), { recursive: true })
  for (const each of feed.nodes) each.isDown = true
  const offline = testAgent(t, settings, probe)
  const jumped = await offline.start()
  t.ok(jumped.boot > 1_600_000_000_000, 'beyond every boot that may have been')
  for (const each of feed.nodes) each.isDown = false
  await waitFor('the nodes follow', () => node.chain.at(-1)?.header.boot === jumped.boot)
  await offline.stop()
  t.same(feed.nodes.map(forksOf), [[], [], []], 'no position was signed twice')
})

t.test('a lost spool: the log goes on from what the nodes know', async (t) => {
  const feed = await feedFor(t)
  const directory = t.testdir()
  const settings = testSettings(directory, feed, { 'enrol.onStart': true })
  const probe = createFakeProbe(1)
  const [node] = feed.nodes as [FakeNode]
  const agent = testAgent(t, settings, probe)
  await agent.start()
  await waitFor('batches', () => batchesOf(node).length > 3)
  await agent.stop()
  const known = node.chain.length
  await rm(join(directory, 'state', 'spool'), { recursive: true })
  await rm(join(directory, 'state', 'boots.json'))
  for (const each of feed.nodes) each.isDown = true
  const again = testAgent(t, settings, probe)
  await again.start()
  for (const each of feed.nodes) each.isDown = false
  await waitFor('linked again', () => node.chain.length > known + 3, 20_000)
  t.ok(eventsOf(node).includes('rolled_back'))
  const last = node.chain.at(-1)
  t.match(last?.header.counters.dropped, [{ reason: 'superseded' }], 'what no node can link to is counted')
  t.ok(node.chain.every(lawHolds))
  t.same(forksOf(node), [])
  await again.stop()
})
