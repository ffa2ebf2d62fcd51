import fc from 'fast-check'
import t from 'tap'
import { compareBytes, sameBytes } from '#protocol/bytes'
import { decodeAck, encodeAck } from '#protocol/wire/ack'
import { decodeAckList, encodeAckList } from '#protocol/wire/ackList'
import { encodeCbor } from '#protocol/wire/cbor'
import { decodeEnrolment, encodeEnrolment } from '#protocol/wire/enrolment'
import { decodeEpochNotice, encodeEpochNotice } from '#protocol/wire/epochNotice'
import { assetIdOf } from '#protocol/wire/identity'
import { decodeProposal, encodeProposal } from '#protocol/wire/proposal'
import {
  decodeRoster,
  encodeRoster,
  type Roster,
  rosterFingerprint,
  rosterQuorumK,
} from '#protocol/wire/roster'
import { downTopic, epochTopic, parseUpTopic, UP_KINDS, upTopic } from '#protocol/wire/topics'
import { seededBytes } from '../../fixtures/corpus.ts'
import { holds } from '../../fixtures/property.ts'
import { throwsCode, valueOrCoded } from '../../fixtures/throwsCode.ts'
import { bytes, mutate, mutations, record, texts, uints } from '../../fixtures/wireValues.ts'

const id = bytes(32)
const node = bytes(20)
const shortTexts = texts.filter((text) => Buffer.byteLength(text) <= 128)
const identities = record({
  serial: fc.option(shortTexts),
  boardPartNumber: fc.option(shortTexts),
  uuid: fc.option(shortTexts),
  pdi: fc.option(shortTexts),
  moduleIndex: fc.option(shortTexts),
})
const distinct = <T>(items: fc.Arbitrary<T>, key: (item: T) => Uint8Array, most: number) =>
  fc.uniqueArray(items, { selector: (item) => String(key(item)), maxLength: most })

const rosters: fc.Arbitrary<Roster> = fc
  .uniqueArray(fc.nat(255), { minLength: 1, maxLength: 31 })
  .chain((seeds) =>
    record({
      feedId: id,
      configId: uints,
      nodes: fc.tuple(
        ...seeds.map((seed) =>
          shortTexts.map((url) => ({
            nodeId: seededBytes(`node ${seed}`, 20),
            transportKey: new Uint8Array(65).fill(seed),
            url,
          })),
        ),
      ),
      threshold: fc.integer({ min: Math.floor(seeds.length / 2) + 1, max: seeds.length }),
      validFrom: uints,
      validTo: uints,
      previous: id,
    }),
  )

/** Checks one codec: what goes in comes back, and no second bytes give the same value. */
async function codec<T>(
  name: string,
  values: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): Promise<void> {
  await t.test(name, async (t) => {
    await holds(t, 'comes back', values, (value) => {
      if (fc.stringify(decode(encode(value))) !== fc.stringify(value)) throw new Error('another value')
    })
    await holds(
      t,
      'has one encoding, and no other error than a coded one',
      fc.tuple(values, fc.array(mutations, { minLength: 1, maxLength: 3 })),
      ([value, all]) => {
        const changed = all.reduce(mutate, encode(value))
        const read = valueOrCoded(() => decode(changed))
        if ('value' in read && !sameBytes(encode(read.value), changed)) throw new Error('a second encoding')
      },
      1500,
    )
    await holds(t, 'refuses arbitrary CBOR', fc.array(fc.nat(9), { maxLength: 9 }), (items) => {
      if ('value' in valueOrCoded(() => decode(encodeCbor(items)))) throw new Error('accepted')
    })
  })
}

await codec(
  'ack',
  record({ nodeId: node, agentId: id, boot: uints, seq: uints, hash: id }),
  encodeAck,
  decodeAck,
)
await codec(
  'ack list',
  record({
    feedId: id,
    configId: uints,
    n: uints,
    nodeId: node,
    heads: distinct(record({ logId: id, boot: uints, seq: uints, hash: id }), (h) => h.logId, 6).map(
      (heads) => heads.sort((a, b) => compareBytes(a.logId, b.logId)),
    ),
    served: fc.uniqueArray(uints, { maxLength: 6 }).map((served) => served.sort((a, b) => a - b)),
    forks: distinct(
      record({ logId: id, first: fc.uint8Array(), second: fc.uint8Array() }),
      (f) => f.logId,
      3,
    ).map((forks) => forks.sort((a, b) => compareBytes(a.logId, b.logId))),
  }),
  encodeAckList,
  decodeAckList,
)
await codec(
  'epoch notice',
  record({
    feedId: id,
    n: uints,
    epochId: id,
    blockNumber: uints,
    blockHash: id,
    timestamp: uints,
    nodeId: node,
  }),
  encodeEpochNotice,
  decodeEpochNotice,
)
await codec(
  'proposal',
  record({
    feedId: id,
    configId: uints,
    n: uints,
    turn: uints,
    nodeId: node,
    viewBlock: id,
    lists: distinct(record({ nodeId: node, hash: id }), (l) => l.nodeId, 5),
  }),
  encodeProposal,
  decodeProposal,
)
await codec('roster', rosters, encodeRoster, decodeRoster)
await codec(
  'enrolment',
  record({
    feedId: id,
    publicKey: bytes(65),
    source: shortTexts,
    enrolledAtMs: uints,
    devices: fc.array(
      record({
        assetId: id,
        opening: id,
        identity: identities,
        identityQuality: fc.constantFrom('silicon' as const, 'board', 'weak', 'insufficient'),
        model: shortTexts,
      }),
      { maxLength: 4 },
    ),
    inventory: texts,
  }),
  encodeEnrolment,
  decodeEnrolment,
)

t.test('ack lists', async (t) => {
  const head = (byte: number) => ({
    logId: new Uint8Array(32).fill(byte),
    boot: 1,
    seq: 2,
    hash: seededBytes('h'),
  })
  const list = {
    feedId: seededBytes('f'),
    configId: 1,
    n: 2,
    nodeId: seededBytes('n', 20),
    served: [],
    forks: [],
  }
  const sorted = encodeAckList({ ...list, heads: [head(1), head(2)] })
  t.same(encodeAckList({ ...list, heads: [head(2), head(1)] }), sorted, 'heads are sorted')
  throwsCode(
    t,
    () => decodeAckList(encodeAckList({ ...list, heads: [head(1), head(1)] })),
    'PROTO_SHAPE',
    'a log twice',
  )
  throwsCode(
    t,
    () => decodeAckList(encodeAckList({ ...list, heads: [], served: [3, 3] })),
    'PROTO_SHAPE',
    'an epoch twice',
  )
  const fork = { logId: seededBytes('l'), first: new Uint8Array(1), second: new Uint8Array(2) }
  throwsCode(
    t,
    () => decodeAckList(encodeAckList({ ...list, heads: [], forks: [fork, fork] })),
    'PROTO_SHAPE',
    'a fork twice',
  )
})

t.test('rosters', async (t) => {
  const roster = (nodes: number, threshold: number): Roster => ({
    feedId: seededBytes('feed'),
    configId: 1,
    nodes: Array.from({ length: nodes }, (_, i) => ({
      nodeId: seededBytes(`node ${i}`, 20),
      transportKey: new Uint8Array(65).fill(i),
      url: 'http://127.0.0.1:1',
    })),
    threshold,
    validFrom: 0,
    validTo: 0,
    previous: new Uint8Array(32),
  })
  const decode = (nodes: number, threshold: number) => decodeRoster(encodeRoster(roster(nodes, threshold)))
  t.same(decode(3, 2), roster(3, 2))
  throwsCode(t, () => decode(0, 0), 'PROTO_SHAPE', 'no node')
  throwsCode(t, () => decode(3, 0), 'PROTO_SHAPE', 'threshold 0')
  throwsCode(t, () => decode(3, 4), 'PROTO_SHAPE', 'a threshold above the number of nodes')
  throwsCode(t, () => decode(4, 2), 'PROTO_SHAPE', 'half of the nodes')
  throwsCode(t, () => decode(32, 17), 'PROTO_LIMIT', '32 nodes')
  const two = roster(3, 2)
  const same = { ...two, nodes: [two.nodes[0]!, two.nodes[0]!, two.nodes[1]!] }
  throwsCode(t, () => decodeRoster(encodeRoster(same)), 'PROTO_SHAPE', 'a node twice')
  t.same(
    [
      [3, 2],
      [4, 3],
      [5, 4],
      [1, 1],
    ].map(([nodes, threshold]) => rosterQuorumK(roster(nodes!, threshold!))),
    [1, 2, 3, 1],
    'K = 2M - N',
  )
  t.notSame(
    rosterFingerprint(roster(3, 2)),
    rosterFingerprint(roster(3, 3)),
    'the fingerprint covers the threshold',
  )
})

t.test('asset ids', async (t) => {
  const identity = { serial: '1', boardPartNumber: '2', uuid: '3', pdi: null, moduleIndex: null }
  const opening = seededBytes('opening')
  await holds(t, 'differ with every part of the identity', fc.tuple(identities, identities), ([a, b]) => {
    const equal = fc.stringify(a) === fc.stringify(b)
    if (sameBytes(assetIdOf(opening, a), assetIdOf(opening, b)) !== equal) throw new Error('collision')
  })
  t.notSame(assetIdOf(opening, identity), assetIdOf(seededBytes('another'), identity), 'and with the opening')
  throwsCode(t, () => assetIdOf(new Uint8Array(31), identity), 'PROTO_SHAPE', 'a short opening')
})

t.test('topics', async (t) => {
  const feed = 'ab'.repeat(32)
  const agentId = '01'.repeat(32)
  for (const kind of UP_KINDS)
    t.same(parseUpTopic(upTopic(feed, agentId, kind)), { feed, agentId, kind }, kind)
  t.equal(downTopic(feed, agentId, 'ack'), `assay/1/${feed}/${agentId}/down/ack`)
  t.equal(epochTopic(feed), `assay/1/${feed}/epoch`)
  for (const topic of [
    '',
    epochTopic(feed),
    downTopic(feed, agentId, 'ack'),
    `assay/2/${feed}/${agentId}/up/batch`,
    `assay/1/${feed}/${agentId}/up/other`,
    `assay/1/${feed}/${agentId}/up/batch/more`,
    `assay/1/${feed}/${agentId.toUpperCase().replace('1', 'A')}/up/batch`,
    `assay/1/${feed}/+/up/batch`,
    `assay/1//${agentId}/up/batch`,
  ])
    t.equal(parseUpTopic(topic), undefined, `no up topic: ${topic}`)
})
