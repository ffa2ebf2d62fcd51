import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { toHex } from '#protocol/bytes'
import { coseKeyThumbprint } from '#protocol/wire/coseKey'
import { assetIdOf } from '#protocol/wire/identity'
import { encodeRoster } from '#protocol/wire/roster'
import { readInventory } from '../../../agent/enrol/inventory.ts'
import { readToken } from '../../../agent/enrol/readToken.ts'
import { fetchRoster, keepRoster, keptRoster } from '../../../agent/enrol/rosterSource.ts'
import { testAgent, testSettings } from '../helpers/agentFixture.ts'
import { type FakeNode, startFakeFeed } from '../helpers/fakeFeed.ts'
import { createFakeProbe } from '../helpers/fakeProbe.ts'
import { waitFor } from '../helpers/waitFor.ts'

t.test('the token comes from a private file, standard input or a credential, and is one word', async (t) => {
  const path = join(t.testdir(), 'token')
  writeFileSync(path, 'abc.DEF-1\n', { mode: 0o600 })
  t.equal(await readToken(path), 'abc.DEF-1')
  t.equal(await readToken(null), null)
  t.equal(await readToken('-', Readable.from([Buffer.from('from '.trim()), 'stdin\n'])), 'fromstdin')
  chmodSync(path, 0o644)
  await t.rejects(readToken(path), { code: 'AGENT_TOKEN_FILE', message: /mode 0644/ })
  chmodSync(path, 0o600)
  for (const text of ['', ' \n', 'two words', 'x\u0000y', 'x'.repeat(5000)]) {
    writeFileSync(path, text)
    await t.rejects(readToken(path), { code: 'AGENT_TOKEN_FILE' })
  }
  await t.rejects(readToken(join(t.testdir(), 'none')), { code: 'AGENT_TOKEN_FILE', message: /ENOENT/ })
})

t.test('only the pinned roster is taken; without a pin all nodes must agree', async (t) => {
  const feed = await startFakeFeed()
  const other = await startFakeFeed(4, 3)
  t.teardown(async () => {
    await feed.stop()
    await other.stop()
  })
  const urls = feed.nodes.map((node) => node.url)
  const foreign = (other.nodes[0] as FakeNode).url
  const cacheFile = join(t.testdir(), 'roster.cbor')
  const options = { nodes: urls, fingerprint: feed.fingerprint, timeoutMs: 1000, cacheFile }
  t.equal((await fetchRoster(options)).fingerprint, feed.fingerprint)
  t.equal((await fetchRoster({ ...options, nodes: [foreign, ...urls] })).fingerprint, feed.fingerprint)
  await t.rejects(fetchRoster({ ...options, nodes: [foreign] }), { code: 'AGENT_ROSTER_FINGERPRINT' })
  await t.rejects(fetchRoster({ ...options, nodes: ['http://127.0.0.1:1'] }), {
    code: 'AGENT_ROSTER_UNREACHABLE',
  })
  t.match(await fetchRoster({ ...options, fingerprint: null }), { pinnedBy: 'first answer' })
  await t.rejects(fetchRoster({ ...options, fingerprint: null, nodes: [foreign, ...urls] }), {
    code: 'AGENT_ROSTER_FINGERPRINT',
  })
  t.equal(await keptRoster(options), null)
  await keepRoster(options, encodeRoster(feed.roster))
  t.equal((await keptRoster(options))?.fingerprint, feed.fingerprint)
  t.equal(
    await keptRoster({ ...options, fingerprint: other.fingerprint }),
    null,
    'a new pin drops the kept one',
  )
  writeFileSync(cacheFile, 'damaged')
  t.equal(await keptRoster(options), null)
})

t.test(
  'enrolment at start: signed, with openings, until every node has taken it, then never again',
  async (t) => {
    const feed = await startFakeFeed()
    t.teardown(() => feed.stop())
    const [a, b, c] = feed.nodes as [FakeNode, FakeNode, FakeNode]
    const directory = t.testdir({ token: 'T0KEN' })
    chmodSync(join(directory, 'token'), 0o600)
    b.enrolStatus = 503
    c.enrolStatus = 403
    const settings = testSettings(directory, feed, {
      'enrol.onStart': true,
      'enrol.tokenFile': join(directory, 'token'),
    })
    const probe = createFakeProbe(2)
    const agent = testAgent(t, settings, probe)
    const { agentId } = await agent.start()
    await waitFor('the first node', () => a.enrolments.length === 1)
    t.equal(a.lastToken, 'Bearer T0KEN')
    b.enrolStatus = 200
    c.enrolStatus = 200
    await waitFor('the others', () => b.enrolments.length === 1 && c.enrolments.length === 1)
    t.equal(a.enrolments.length, 1, 'who has taken it is not asked again')
    const enrolment = a.enrolments[0]
    t.equal(toHex(coseKeyThumbprint(enrolment?.publicKey ?? new Uint8Array())), agentId)
    for (const device of enrolment?.devices ?? []) {
      t.equal(toHex(assetIdOf(device.opening, device.identity)), toHex(device.assetId))
      t.equal(device.identityQuality, 'board')
      t.equal(device.model, 'NVIDIA H200')
    }
    t.equal(enrolment?.devices.length, 2)
    t.type(JSON.parse(enrolment?.inventory ?? ''), 'object')
    await agent.stop()
    const again = testAgent(t, settings, probe)
    await again.start()
    await waitFor('running', () => (a.chain.at(-1)?.header.boot ?? 0) > 1)
    t.equal(a.enrolments.length, 1)
    await again.stop()
    t.notMatch(readFileSync(join(directory, 'state', 'enrolment.json'), 'utf8'), /T0KEN/)
  },
)

t.test('the inventory is JSON without serial numbers', async (t) => {
  const text = await readInventory()
  const inventory = JSON.parse(text)
  t.type(inventory, 'object')
  t.notMatch(text, /"serial|uuid"/i)
})
