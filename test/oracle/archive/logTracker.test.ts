import fc from 'fast-check'
import t from 'tap'
import { createLogTracker, type LinkMeta } from '../../../oracle/archive/logTracker.ts'

const SEED = Number(process.env.ASSAY_SEED ?? 41)
const hashOf = (n: number) => (n + 1).toString(16).padStart(64, '0')
const bytesOf = (n: number) => new Uint8Array(Buffer.from(hashOf(n), 'hex'))
const NONE = '0'.repeat(64)

/** Entry `i` of a log whose boots have these lengths. */
function chain(boots: readonly number[]): LinkMeta[] {
  const out: LinkMeta[] = []
  boots.forEach((length, b) => {
    for (let seq = 0; seq < length; seq++) {
      const i = out.length
      out.push({
        id: i,
        boot: b + 1,
        seq,
        hash: hashOf(i),
        prev: i === 0 ? NONE : hashOf(i - 1),
        tombstones: [],
      })
    }
  })
  return out
}

const boots = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 4 })

t.test('any order of arrival links everything, in log order', async (t) => {
  fc.assert(
    fc.property(boots, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (lengths, random) => {
      const log = chain(lengths)
      const order = log
        .map((meta) => ({ meta, key: random.next().value as number }))
        .sort((a, b) => a.key - b.key)
      const tracker = createLogTracker(null, null)
      const linked = order.flatMap(({ meta }) => tracker.offer(meta, () => false).linked)
      t.same(
        linked.map((meta) => meta.id),
        log.map((meta) => meta.id),
      )
      t.equal(tracker.waitingCount(), 0)
      t.equal(tracker.waiting(), undefined)
      t.equal(tracker.head()?.hash, log.at(-1)?.hash)
    }),
    { seed: SEED, numRuns: 200 },
  )
  t.comment(`seed ${SEED}`)
})

t.test(
  'with entries missing the head stops at the gap; a tombstone over them bridges it, in any order',
  async (t) => {
    fc.assert(
      fc.property(
        boots,
        fc.nat(100),
        fc.nat(100),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (lengths, a, b, random) => {
          const log = chain([...lengths, 3])
          const last = log.length - 2
          const from = Math.min(a % last, b % last)
          const to = Math.max(a % last, b % last)
          const place = (i: number) => ({ boot: (log[i] as LinkMeta).boot, seq: (log[i] as LinkMeta).seq })
          const held = log.filter((_, i) => i < from || i > to)
          const bearer = held.at(-1) as LinkMeta
          const before = held.slice(0, -1)
          const shuffle = (metas: readonly LinkMeta[]) =>
            metas
              .map((meta) => ({ meta, key: random.next().value as number }))
              .sort((x, y) => x.key - y.key)
              .map(({ meta }) => meta)
          const plain = createLogTracker(null, null)
          for (const meta of shuffle(held)) plain.offer(meta, () => false)
          t.equal(plain.head()?.hash, from === 0 ? undefined : hashOf(from - 1))
          t.equal(plain.waitingCount(), held.length - from)

          const tombstone = {
            from: place(from),
            to: place(to),
            firstPrev: from === 0 ? new Uint8Array(32) : bytesOf(from - 1),
            lastHash: bytesOf(to),
            reason: 'quota' as const,
          }
          const tracker = createLogTracker(null, null)
          const linked = shuffle([...before, { ...bearer, tombstones: [tombstone] }]).flatMap(
            (meta) => tracker.offer(meta, () => false).linked,
          )
          t.same(
            linked.map((meta) => meta.id),
            held.map((meta) => meta.id),
          )
        },
      ),
      { seed: SEED, numRuns: 200 },
    )
  },
)

t.test('a head inside what was given up goes on as on every other node', async (t) => {
  const log = chain([4, 4])
  const tombstone = {
    from: { boot: 1, seq: 1 },
    to: { boot: 2, seq: 1 },
    firstPrev: bytesOf(0),
    lastHash: bytesOf(5),
    reason: 'quota' as const,
  }
  for (let prefix = 1; prefix <= 6; prefix++) {
    const tracker = createLogTracker(null, null)
    const onChain = new Set<string>()
    const offer = (meta: LinkMeta) => {
      const { linked } = tracker.offer(meta, (hash) => onChain.has(hash))
      for (const each of linked) onChain.add(each.hash)
    }
    for (const meta of log.slice(0, prefix)) offer(meta)
    offer({ ...(log[7] as LinkMeta), tombstones: [tombstone] })
    offer(log[6] as LinkMeta)
    t.equal(tracker.head()?.hash, hashOf(7), `${prefix} entries held before`)
    t.equal(tracker.waitingCount(), 0)
  }
})

t.test('a tombstone of another branch does not carry the head off', async (t) => {
  const log = chain([4])
  const tracker = createLogTracker(null, null)
  const onChain = new Set<string>()
  for (const meta of log.slice(0, 2))
    for (const each of tracker.offer(meta, () => false).linked) onChain.add(each.hash)
  const tombstone = {
    from: { boot: 1, seq: 1 },
    to: { boot: 1, seq: 2 },
    firstPrev: bytesOf(77),
    lastHash: bytesOf(78),
    reason: 'quota' as const,
  }
  const strange = { id: 9, boot: 1, seq: 3, hash: hashOf(79), prev: hashOf(78), tombstones: [tombstone] }
  tracker.offer(strange, (hash) => onChain.has(hash))
  t.equal(tracker.head()?.seq, 1)
})

t.test('a tombstone that no held entry follows does not become the head', async (t) => {
  const tracker = createLogTracker(null, null)
  const log = chain([6])
  const [first, , , , fifth] = log as [LinkMeta, LinkMeta, LinkMeta, LinkMeta, LinkMeta]
  tracker.offer(first, () => false)
  const tombstone = {
    from: { boot: 1, seq: 1 },
    to: { boot: 1, seq: 2 },
    firstPrev: bytesOf(0),
    lastHash: bytesOf(2),
    reason: 'quota' as const,
  }
  tracker.offer({ ...fifth, tombstones: [tombstone] }, () => false)
  t.equal(tracker.head()?.seq, 0, 'an ack never names an entry that nobody holds')
})

t.test('an entry that links to the head but skips a sequence number never becomes the head', async (t) => {
  const tracker = createLogTracker(null, null)
  const [first] = chain([1]) as [LinkMeta]
  tracker.offer(first, () => false)
  tracker.offer({ id: 9, boot: 1, seq: 5, hash: hashOf(9), prev: first.hash, tombstones: [] }, () => false)
  t.equal(tracker.head()?.seq, 0)
})
