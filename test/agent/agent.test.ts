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
  const agent = testAgent(settings, probe)
  const started = await agent.start()
  t.match(started, { boot: 1, source: 'fake', devices: 2, metrics: null })
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

  const again = testAgent(settings, probe)
  t.match(await again.start(), { boot: 2, agentId: started.agentId })
  await waitFor('boot 2 is linked', () => first.chain.at(-1)?.header.boot === 2)
  t.notOk(eventsOf(first).includes('rolled_back'))
  t.ok(batchesOf(first).every(lawHolds))
  const subjects = entrySegments(batchesOf(first).at(-1) as Entry)
  t.ok(
    subjects.every((segment) => segment.subject === null || enrolled?.includes(toHex(segment.subject))),
    'the same devices keep their asset ids',
  )
  await again.stop()
})
