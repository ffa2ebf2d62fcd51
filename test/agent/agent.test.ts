import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { toHex } from '#protocol/bytes'
import { type Entry, entrySegments } from '#protocol/wire/entry'
import { testAgent, testSettings } from './helpers/agentFixture.ts'
import { batchesOf, eventsOf, lawHolds } from './helpers/chainFacts.ts'
import { type FakeFeed, type FakeNode, startFakeFeed } from './helpers/fakeFeed.ts'
import { createFakeProbe } from './helpers/fakeProbe.ts'
import { waitFor } from './helpers/waitFor.ts'

let feed: FakeFeed
t.before(async () => {
  feed = await startFakeFeed()
})
t.teardown(() => feed.stop())

t.test('readings become signed, linked, acked batches; a restart goes on with the next boot', async (t) => {
  const directory = t.testdir()
  const probe = createFakeProbe(2)
  const settings = testSettings(directory, feed, { 'enrol.onStart': true })
  const agent = testAgent(t, settings, probe)
  const started = await agent.start()
  t.match(started, { source: 'fake', devices: 2, metrics: null })
  const [first] = feed.nodes as [FakeNode]
  await waitFor('enrolments', () => feed.nodes.every((node) => node.enrolments.length === 1))
  await waitFor('batches', () => batchesOf(first).length > 5)
  await feed.announceEpoch(77, Math.floor(Date.now() / 1000), feed.nodes.slice(0, 1))
  await feed.announceEpoch(77, Math.floor(Date.now() / 1000), feed.nodes.slice(2, 3))
  await waitFor('the epoch is quoted', () => batchesOf(first).at(-1)?.header.epoch?.n === 77)
  t.equal(first.chain[0]?.header.epoch, null, 'before M nodes announced one, none is quoted')
  const last = batchesOf(first).at(-1) as Entry
  const segments = entrySegments(last)
  t.equal(segments.length, 3, 'one segment per device and one of the host')
  const enrolled = first.enrolments[0]?.devices.map((device) => toHex(device.assetId)).sort()
  t.same(
    segments.flatMap((segment) => (segment.subject ? [toHex(segment.subject)] : [])).sort(),
    enrolled,
    'under the asset ids that were enrolled',
  )
  t.ok(
    feed.nodes.every((node) => node.chain.every(lawHolds)),
    'the conservation law holds in every header',
  )
  t.same(eventsOf(first).slice(0, 1), ['agent_started'])
  t.ok((last.header.counters.acked ?? 0) > 0)
  await agent.stop()
  t.match(feed.statuses.at(-1), /offline/)

  const again = testAgent(t, settings, probe)
  const restarted = await again.start()
  t.equal(restarted.agentId, started.agentId)
  t.ok(restarted.boot > started.boot && started.boot > 1_600_000_000_000, 'boots are numbered by their time')
  await waitFor('the new boot is linked', () => first.chain.at(-1)?.header.boot === restarted.boot)
  t.notOk(eventsOf(first).includes('rolled_back'))
  t.ok(batchesOf(first).every(lawHolds))
  const subjects = entrySegments(batchesOf(first).at(-1) as Entry)
  t.ok(
    subjects.every((segment) => segment.subject === null || enrolled?.includes(toHex(segment.subject))),
    'the same devices keep their asset ids',
  )
  await again.stop()
})

t.test('an XID is signed, durable and at the broker in well under 0.3 s', async (t) => {
  const own = await startFakeFeed()
  t.teardown(() => own.stop())
  const probe = createFakeProbe(8)
  const agent = testAgent(t, testSettings(t.testdir(), own, { 'source.batchPeriod': 1000 }), probe)
  await agent.start()
  const [node] = own.nodes as [FakeNode]
  await waitFor('connected', () => node.chain.length > 0)
  const took: number[] = []
  for (let i = 0; i < 60; i++) {
    const before = performance.now()
    const events = node.chain.length
    probe.emit({ kind: 'xid', device: { index: i % 8 }, atMs: Date.now(), detail: [i, 0], text: 'test' })
    await waitFor('the event', () => node.chain.slice(events).some((entry) => entry.header.kind === 'event'))
    took.push(performance.now() - before)
  }
  took.sort((a, b) => a - b)
  const [p50, p99] = [took[30] ?? Infinity, took[59] ?? Infinity]
  t.comment(`p50 ${p50.toFixed(1)} ms, slowest ${p99.toFixed(1)} ms of 60, broker and three nodes included`)
  t.ok(p99 <= 300)
  t.equal(eventsOf(node).filter((name) => name === 'xid').length, 60)
  await agent.stop()
})

t.test('a log without its key is refused, and the key of another is not made up', async (t) => {
  const directory = t.testdir()
  const settings = testSettings(directory, null)
  const agent = testAgent(t, settings, createFakeProbe(1))
  await agent.start()
  await agent.stop()
  const key = join(directory, 'state', 'agent-key.pem')
  await rm(key)
  await t.rejects(testAgent(t, settings, createFakeProbe(1)).start(), { code: 'AGENT_KEY_MISSING' })
  t.notOk(existsSync(key))
  await t.rejects(
    testAgent(t, settings, createFakeProbe(1)).start(),
    { code: 'AGENT_KEY_MISSING' },
    'and the lock is free again',
  )
})
