import fc from 'fast-check'
import t from 'tap'
import type { Incident } from '#protocol/http/roundView'
import type { LogHead } from '#protocol/wire/ackList'
import { encodeCbor } from '#protocol/wire/cbor'
import { type Entry, signEntry } from '#protocol/wire/entry'
import { MAX_ENTRY_BYTES } from '#protocol/wire/limits'
import { encodeSegment } from '#protocol/wire/segment'
import type { AgentState, Archive } from '../../../oracle/archive/archive.ts'
import { createMemoryArchive } from '../../../oracle/archive/memoryArchive.ts'
import type { AcceptedEntry } from '../../../oracle/ingest/acceptedEntry.ts'
import type { Gap } from '../../../oracle/ingest/gapWatch.ts'
import { createIngest, type IngestOptions } from '../../../oracle/ingest/ingest.ts'
import { VERDICTS } from '../../../oracle/ingest/verdicts.ts'
import {
  assetOf,
  createSignedLog,
  primitives,
  type SignedLog,
  signUnchecked,
  telemetry,
} from '../../helpers/signedLog.ts'

const SEED = Number(process.env.ASSAY_SEED ?? 20_240_611)

function setup(t: { teardown(fn: () => unknown): unknown }, extra: Partial<IngestOptions> = {}) {
  const archive = createMemoryArchive()
  archive.start()
  const accepted: AcceptedEntry[] = []
  const heads: LogHead[] = []
  const incidents: Incident[] = []
  const gaps: Gap[] = []
  const ingest = createIngest({
    archive,
    primitives,
    clock: Date.now,
    onAccepted: (entries) => accepted.push(...entries),
    onHeads: (some) => heads.push(...some),
    onIncident: (incident) => incidents.push(incident),
    onGap: (gap) => gaps.push(gap),
    ...extra,
  })
  ingest.start()
  t.teardown(() => ingest.stop())
  const log = createSignedLog({ devices: 2 })
  enrol(archive, log)
  return { archive, ingest, accepted, heads, incidents, gaps, log }
}

function enrol(archive: Archive, log: SignedLog, state: AgentState = 'approved'): void {
  archive.putAgent({
    agentId: log.agentId,
    publicKey: log.signer.publicKey,
    enrolment: new Uint8Array(),
    state,
    enrolledAtMs: 0,
    changedAtMs: 0,
  })
}

const places = (entries: readonly AcceptedEntry[]) =>
  entries.map(({ entry }) => `${entry.header.boot}.${entry.header.seq}`)

t.test('stores, then tells readers and heads, in log order', async (t) => {
  const { ingest, log, accepted, heads, archive } = setup(t)
  const entries = [await log.next(), await log.next(), await log.next()]
  const outcomes = await Promise.all(entries.map((e) => ingest.receive(log.agentHex, e.bytes)))
  t.same(
    outcomes.map((o) => o.outcome),
    ['stored', 'stored', 'stored'],
  )
  t.same(places(accepted), ['1.0', '1.1', '1.2'])
  t.equal(heads.at(-1)?.seq, 2)
  t.equal(archive.head(log.agentId)?.seq, 2)
  t.same(accepted[0]?.subjects(), [assetOf(log.agentId, 0), assetOf(log.agentId, 1)])
  t.equal(accepted[0]?.segments().length, 2)
  const again = await ingest.receive(log.agentHex, (entries[1] as Entry).bytes)
  t.equal(again.outcome, 'duplicate')
  t.equal(heads.at(-1)?.seq, 2, 'a duplicate is acked again')
  t.equal(accepted.length, 3, 'and told to nobody')
  t.match(ingest.counters(), { received: 4, stored: 3, duplicates: 1, samples: 6 })
})

t.test('any order of arrival, any repetition: once each, in log order', async (t) => {
  const log = createSignedLog()
  const entries: Entry[] = []
  for (let i = 0; i < 12; i++) entries.push(await log.next())
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...entries, ...entries], { minLength: 24 }), async (order) => {
      const { ingest, archive, accepted } = setup({ teardown: () => {} })
      enrol(archive, log)
      await Promise.all(order.map((e) => ingest.receive(log.agentHex, e.bytes)))
      await ingest.stop()
      t.same(
        places(accepted),
        entries.map((_, i) => `1.${i}`),
      )
      t.equal(archive.head(log.agentId)?.seq, 11)
      t.match(ingest.counters(), { stored: 12, duplicates: 12 })
    }),
    { seed: SEED, numRuns: 30 },
  )
  t.comment(`seed ${SEED}`)
})

t.test('what proves nothing is kept, counted and never acked', async (t) => {
  const { ingest, log, archive, heads, incidents } = setup(t, {
    limits: { incidentEveryMs: 60_000 },
  })
  const good = await log.next()
  const stranger = createSignedLog()
  const pending = createSignedLog()
  const retired = createSignedLog()
  enrol(archive, pending, 'pending')
  enrol(archive, retired, 'retired')

  const flipped = good.bytes.slice()
  flipped[flipped.length - 1] = (flipped[flipped.length - 1] as number) ^ 1
  const badSignature = encodeCbor([withLastByteFlipped(good.cose), [...good.bodies]])
  const otherKid = await log.next({ kid: stranger.agentId, seq: 0 })
  const forged = await signEntry(good.header, good.bodies, stranger.signer)

  const cases: [string, string, Uint8Array][] = [
    ['oversized', log.agentHex, new Uint8Array(MAX_ENTRY_BYTES + 1)],
    ['malformed', log.agentHex, new Uint8Array([1, 2, 3])],
    ['malformed', log.agentHex, new Uint8Array()],
    ['topic_mismatch', stranger.agentHex, good.bytes],
    ['unknown_agent', stranger.agentHex, (await stranger.next()).bytes],
    ['agent_pending', pending.agentHex, (await pending.next()).bytes],
    ['agent_retired', retired.agentHex, (await retired.next()).bytes],
    ['unknown_key', log.agentHex, otherKid.bytes],
    ['bad_signature', log.agentHex, badSignature],
    ['bad_signature', log.agentHex, forged],
    ['bad_body', log.agentHex, flipped],
  ]
  for (const [reason, topic, bytes] of cases) {
    const outcome = await ingest.receive(topic, bytes)
    t.same(outcome, { outcome: 'rejected', reason }, reason)
  }
  t.equal(heads.length, 0, 'no ack')
  t.equal(archive.stats().entries, 0)
  await ingest.stop()
  t.equal(archive.quarantined(100).length, cases.length)
  t.ok(archive.quarantined(100).every((item) => item.bytes.length <= MAX_ENTRY_BYTES))
  t.equal(incidents.filter((i) => i.kind === 'rejected').length, 9, 'one per agent and reason')
  t.equal(archive.incidents(100).length, 9, 'kept, not only logged')
  t.equal((await ingest.receive(log.agentHex, good.bytes)).outcome, 'stored', 'the true bytes still count')
})

t.test('an entry that breaks a rule is archived and acked with a verdict', async (t) => {
  const { ingest, log, archive, heads, accepted } = setup(t)
  const twice = telemetry(assetOf(log.agentId, 0), 1, 1, 5)
  const first = await log.next({}, [twice, { ...twice, salt: new Uint8Array(16).fill(7) }])
  t.same(await ingest.receive(log.agentHex, first.bytes), {
    outcome: 'stored',
    verdict: VERDICTS.asset_twice,
  })

  const junk = new Uint8Array([0x80])
  const second = (await log.next()).header
  const broken = await signUnchecked({ ...second, segments: [primitives.sha256(junk)] }, [junk], log.signer)
  t.same(await ingest.receive(log.agentHex, broken), {
    outcome: 'stored',
    verdict: VERDICTS.segment_malformed,
  })
  t.equal(heads.at(-1)?.seq, 1)
  t.match(ingest.counters().verdicts, { asset_twice: 1, segment_malformed: 1 })

  // Well-formed at its start, so that only decoding the columns finds it.
  const late = encodeSegment(telemetry(assetOf(log.agentId, 1), 1, 1, 5)).slice()
  late[late.length - 1] = 0xf5
  const third = { ...(await log.next()).header, prev: heads.at(-1)?.hash as Uint8Array }
  const bytes = await signUnchecked({ ...third, segments: [primitives.sha256(late)] }, [late], log.signer)
  t.same(await ingest.receive(log.agentHex, bytes), { outcome: 'stored', verdict: VERDICTS.clean })
  t.throws(() => accepted.at(-1)?.segments(), { code: 'PROTO_SHAPE' })
  t.equal(
    archive.entriesAt(log.agentId, 1, 2)[0]?.verdict,
    VERDICTS.segment_malformed,
    'a fault found on reading becomes its verdict',
  )
})

t.test('a fork is archived, told once and the first branch stays', async (t) => {
  const { ingest, log, archive, incidents } = setup(t)
  const first = await log.next()
  const second = await log.next()
  log.at = { boot: 1, seq: 1, prev: first.hash }
  const other = await log.next()
  for (const entry of [first, second, other]) await ingest.receive(log.agentHex, entry.bytes)
  t.same(archive.head(log.agentId)?.hash, second.hash)
  t.equal(archive.forks().length, 1)
  t.match(
    incidents.filter((i) => i.kind === 'fork'),
    [{ agentId: log.agentHex }],
  )
})

t.test('a gap is told after a grace, again at growing intervals, and not once it is filled', async (t) => {
  let now = 1_000_000
  const { ingest, log, gaps } = setup(t, {
    clock: () => now,
    limits: { gapGraceMs: 1_000, gapAgainMs: 60_000 },
  })
  const [a, b, c] = [await log.next(), await log.next(), await log.next()]
  await ingest.receive(log.agentHex, a.bytes)
  await ingest.receive(log.agentHex, c.bytes)
  t.match(ingest.gaps(), [{ after: { seq: 0 }, before: { boot: 1, seq: 2 } }])
  now += 1_000
  await until(() => gaps.length === 1)
  now += 2_000
  await until(() => gaps.length === 2)
  await ingest.receive(log.agentHex, b.bytes)
  t.same(ingest.gaps(), [])
})

t.test('entries too far beyond a gap are refused, what may fill it is let in', async (t) => {
  const { ingest, log, archive } = setup(t, { limits: { waitingEntries: 4 } })
  const entries: Entry[] = []
  for (let i = 0; i < 8; i++) entries.push(await log.next())
  const at = (i: number) => (entries[i] as Entry).bytes
  for (const i of [2, 3, 4, 5]) t.match(await ingest.receive(log.agentHex, at(i)), { outcome: 'stored' })
  t.same(await ingest.receive(log.agentHex, at(6)), { outcome: 'rejected', reason: 'too_far_ahead' })
  for (const i of [1, 0, 6, 7]) t.match(await ingest.receive(log.agentHex, at(i)), { outcome: 'stored' })
  t.equal(archive.head(log.agentId)?.seq, 7)
})

t.test('entries of a peer are verified like any other', async (t) => {
  const { ingest, log, archive } = setup(t)
  const entries = [await log.next(), await log.next()] as const
  const forged = await signEntry(entries[1].header, entries[1].bodies, createSignedLog().signer)
  const outcomes = await ingest.ingestPeerEntries([entries[0].bytes, forged, entries[1].bytes])
  t.match(outcomes, [{ outcome: 'stored' }, { reason: 'bad_signature' }, { outcome: 'stored' }])
  t.equal(archive.head(log.agentId)?.seq, 1)
})

t.test(
  'an archive that cannot be written acks nothing and says so; the next commit works again',
  async (t) => {
    const archive = createMemoryArchive()
    archive.start()
    let full = true
    const append = archive.appendBatch
    archive.appendBatch = (entries) => {
      if (full) throw Object.assign(new Error('disk full'), { code: 'ORACLE_ARCHIVE_WRITE' })
      return append(entries)
    }
    const { ingest, log, heads, incidents } = setup(t, { archive })
    enrol(archive, log)
    const entry = await log.next()
    t.same(await ingest.receive(log.agentHex, entry.bytes), { outcome: 'rejected', reason: 'archive_failed' })
    t.equal(heads.length, 0)
    t.match(incidents, [{ kind: 'archive_failed' }])
    full = false
    t.equal((await ingest.receive(log.agentHex, entry.bytes)).outcome, 'stored')
    t.equal(heads.length, 1)
  },
)

t.test('a reader that throws is counted and told, and loses nothing', async (t) => {
  const { ingest, log, incidents } = setup(t, {
    onAccepted() {
      throw new Error('reader broke')
    },
  })
  t.equal((await ingest.receive(log.agentHex, (await log.next()).bytes)).outcome, 'stored')
  t.equal(ingest.counters().readerErrors, 1)
  t.match(incidents, [{ kind: 'reader_failed' }])
})

t.test('mutated entries never count and never throw', async (t) => {
  const { ingest, log, archive } = setup(t)
  const { bytes } = await log.next()
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const mutated = bytes.slice()
      mutated[at] = (mutated[at] as number) ^ change
      const outcome = await ingest.receive(log.agentHex, mutated)
      t.equal(outcome.outcome, 'rejected')
    }),
    { seed: SEED, numRuns: 300 },
  )
  t.equal(archive.stats().entries, 0)
  t.comment(`seed ${SEED}`)
})

function withLastByteFlipped(cose: Uint8Array): Uint8Array {
  const out = cose.slice()
  out[out.length - 1] = (out[out.length - 1] as number) ^ 1
  return out
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20))
}
