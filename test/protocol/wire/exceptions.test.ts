import { AbiCoder, keccak256 as ethersKeccak, solidityPackedKeccak256 } from 'ethers'
import fc from 'fast-check'
import t from 'tap'
import { AGGREGATE_ABI, aggregateHash, aggregateLeaves } from '#protocol/wire/aggregate'
import { encodeAssetStatement } from '#protocol/wire/assetStatement'
import { epochId } from '#protocol/wire/epochId'
import {
  exceptionsAgainst,
  type MapEntry,
  noExceptions,
  packExceptions,
  unpackException,
} from '#protocol/wire/exceptions'
import type { Leaf } from '#protocol/wire/leaf'
import { packTriggers } from '#protocol/wire/leafFields'
import { anyHex, anyLeaf } from './arbitraries.ts'

const anyEntry: fc.Arbitrary<MapEntry> = fc.record({
  tokenId: fc.bigInt({ min: 1n, max: (1n << 176n) - 1n }),
  generation: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  status: fc.nat(7),
  level: fc.nat(6),
  triggers: fc.nat(2 ** 32 - 1),
})

t.test('words and hashes of chunks', async (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(anyEntry, { maxLength: 600, selector: (e) => e.tokenId }), (entries) => {
      const sorted = exceptionsAgainst(new Map(), entries)
      const { chunks, chunkHashes, hash } = packExceptions(sorted)
      t.same(chunks.flat().map(unpackException), sorted)
      t.ok(chunks.every((chunk, i) => (i < chunks.length - 1 ? chunk.length === 256 : chunk.length <= 256)))
      t.same(
        chunkHashes,
        chunks.map((chunk) => solidityPackedKeccak256(['uint256[]'], [chunk])),
      )
      t.equal(hash, ethersKeccak(AbiCoder.defaultAbiCoder().encode(['bytes32[]'], [chunkHashes])))
    }),
    { numRuns: 40 },
  )
  t.equal(noExceptions(), ethersKeccak(AbiCoder.defaultAbiCoder().encode(['bytes32[]'], [[]])))
  const entry = fc.sample(anyEntry, { numRuns: 1, seed: 1 })[0] as MapEntry
  t.throws(() => packExceptions([entry, entry]), { code: 'PROTO_INPUT', message: /ascending/ })
  t.throws(() => packExceptions([{ ...entry, tokenId: 1n << 176n }]), { code: 'PROTO_INPUT' })
  t.throws(() => packExceptions([{ ...entry, status: 256 }]), { code: 'PROTO_INPUT' })
})

t.test('what is an exception', async (t) => {
  const base: MapEntry = { tokenId: 5n, generation: 1, status: 1, level: 2, triggers: 0 }
  const last = new Map([[5n, base]])
  const differs = (change: Partial<MapEntry>) =>
    exceptionsAgainst(last, [{ ...base, ...change }]).length === 1
  const trigger = (state: number) => packTriggers([0, 0, state, 0, 0, 0, 0, 0])
  t.notOk(differs({}))
  t.ok(differs({ tokenId: 6n }), 'a new token')
  t.ok(differs({ generation: 2 }))
  t.ok(differs({ status: 0 }))
  t.ok(differs({ level: 3 }))
  t.notOk(differs({ triggers: trigger(1) }), 'WATCH is none')
  for (const state of [2, 3, 4, 5]) t.ok(differs({ triggers: trigger(state) }), `trigger state ${state}`)
  last.set(5n, { ...base, triggers: trigger(2) })
  t.ok(differs({ triggers: trigger(3) }))
  t.ok(differs({ triggers: 0 }), 'and back')
  t.notOk(differs({ triggers: trigger(2) }))
})

t.test('aggregates', async (t) => {
  const leaf = fc.sample(anyLeaf, { numRuns: 1, seed: 1 })[0] as Leaf
  const of = (status: number, scoreBp: number, observedAt: number, recoverableValueCents = 0n): Leaf => ({
    ...leaf,
    level: 2,
    status,
    scoreBp,
    observedAt,
    recoverableValueCents,
  })
  t.same(aggregateLeaves([of(1, 9000, 50, 100n), of(2, 6001, 40, 300n), of(0, 0, 1, 7n), of(1, 8000, 60)]), {
    aggregate: {
      statusCounts: [1, 2, 1, 0, 0, 0, 0, 0],
      worstStatus: 0,
      minLevel: 2,
      counted: 3,
      meanScoreBp: 7667,
      minScoreBp: 6001,
      valueWeightedScoreBp: 6750,
      recoverableValueCents: 400n,
    },
    observedFrom: 40,
  })
  t.equal(aggregateLeaves([of(1, 9000, 1), of(2, 6000, 1)]).aggregate.worstStatus, 2)
  t.equal(aggregateLeaves([of(0, 0, 1), of(3, 100, 1)]).aggregate.worstStatus, 3)
  const none = aggregateLeaves([])
  t.match(none, {
    observedFrom: null,
    aggregate: { worstStatus: 0, counted: 0, meanScoreBp: 0, minScoreBp: 0 },
  })
  fc.assert(
    fc.property(fc.array(anyLeaf, { maxLength: 20 }), (leaves) => {
      const capped = leaves.map((l) => ({ ...l, recoverableValueCents: l.recoverableValueCents >> 5n }))
      const { aggregate } = aggregateLeaves(capped)
      const counts = aggregate.statusCounts.reduce((sum, n, s) => sum + (BigInt(n) << BigInt(32 * s)), 0n)
      const values = Object.values({ ...aggregate, statusCounts: counts })
      t.equal(
        aggregateHash(aggregate),
        ethersKeccak(AbiCoder.defaultAbiCoder().encode([...AGGREGATE_ABI], values)),
      )
    }),
  )
})

t.test('asset statement and epoch id', async (t) => {
  const [a, b, c] = fc.sample(anyHex(32), { numRuns: 3, seed: 1 }) as [
    `0x${string}`,
    `0x${string}`,
    `0x${string}`,
  ]
  const words = encodeAssetStatement({
    feedId: a,
    assetId: b,
    generation: 1,
    seq: 2,
    epoch: 3,
    observedAt: 4,
    gateFlags: 5,
    segmentDigest: c,
  })
  t.equal(
    `0x${Buffer.from(words).toString('hex')}`,
    AbiCoder.defaultAbiCoder().encode(
      ['bytes32', 'bytes32', 'uint32', 'uint64', 'uint64', 'uint64', 'uint256', 'bytes32'],
      [solidityPackedKeccak256(['string', 'bytes32'], ['assay/asset-statement/1', a]), b, 1, 2, 3, 4, 5, c],
    ),
  )
  const { createHash } = await import('node:crypto')
  const n = Buffer.alloc(8)
  n.writeBigUInt64BE(2_974_341n)
  const expected = createHash('sha256')
    .update('assay/epoch/1')
    .update(Buffer.from(a.slice(2), 'hex'))
    .update(n)
    .update(Buffer.from(b.slice(2), 'hex'))
    .digest('hex')
  t.equal(epochId(a, 2_974_341, b), `0x${expected}`)
  t.throws(() => epochId(a, -1, b), { code: 'PROTO_INPUT' })
})
