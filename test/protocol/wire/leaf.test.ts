import { StandardMerkleTree } from '@openzeppelin/merkle-tree'
import { AbiCoder, keccak256 as ethersKeccak, hexlify } from 'ethers'
import fc from 'fast-check'
import t from 'tap'
import { toHex0x } from '#protocol/bytes'
import { initKeccak, keccak256 } from '#protocol/wire/keccak'
import { encodeLeaf, LEAF_ABI, type Leaf, leafHash } from '#protocol/wire/leaf'
import { packReasons, packTriggers, unpackReasons, unpackTriggers } from '#protocol/wire/leafFields'
import { merkleTree, verifyMerkleProof } from '#protocol/wire/merkle'
import { anyLeaf } from './arbitraries.ts'

const valuesOf = (leaf: Leaf) => Object.values(leaf)

t.test('keccak is the same before and after WebAssembly is ready', async (t) => {
  const inputs = [0, 1, 135, 136, 137, 1000].map((length) => new Uint8Array(length).fill(7))
  const before = inputs.map((input) => toHex0x(keccak256(input)))
  await initKeccak()
  t.same(
    inputs.map((input) => toHex0x(keccak256(input))),
    before,
  )
  t.same(
    before,
    inputs.map((input) => ethersKeccak(input)),
  )
})

t.test('a leaf encodes as ethers encodes it', async (t) => {
  fc.assert(
    fc.property(anyLeaf, (leaf) => {
      const expected = AbiCoder.defaultAbiCoder().encode([...LEAF_ABI], valuesOf(leaf))
      t.equal(toHex0x(encodeLeaf(leaf)), expected)
      t.equal(toHex0x(leafHash(leaf)), ethersKeccak(ethersKeccak(expected)))
    }),
  )
})

t.test('fields out of range', async (t) => {
  const leaf = fc.sample(anyLeaf, { numRuns: 1, seed: 1 })[0] as Leaf
  const wrong: [keyof Leaf, unknown][] = [
    ['feedId', '0x12'],
    ['feedId', `0x${'zz'.repeat(32)}`],
    ['feedId', `00${'00'.repeat(32)}`],
    ['tokenId', -1n],
    ['tokenId', 1n << 256n],
    ['generation', 2 ** 32],
    ['generation', 1.5],
    ['epoch', -1],
    ['epoch', Number.NaN],
    ['observedAt', Number.POSITIVE_INFINITY],
    ['scoreBp', 65536],
    ['status', 8],
    ['level', 256],
    ['reasons', 1n << 64n],
    ['triggers', 2 ** 32],
  ]
  for (const [field, value] of wrong) {
    t.throws(
      () => encodeLeaf({ ...leaf, [field]: value }),
      { code: 'PROTO_INPUT', facts: { field } },
      `${field} ${String(value)}`,
    )
  }
})

t.test('reasons and triggers pack and unpack', async (t) => {
  const code = fc.integer({ min: 1, max: 0xffff })
  fc.assert(
    fc.property(fc.array(code, { maxLength: 4 }), (codes) => {
      t.same(unpackReasons(packReasons(codes)), codes)
    }),
  )
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 8, maxLength: 8 }), (states) => {
      t.same(unpackTriggers(packTriggers(states)), states)
    }),
  )
  t.equal(packReasons([1, 2]), 0x20001n)
  t.equal(packTriggers([1, 0, 0, 0, 0, 0, 0, 3]), 0x30000001)
  t.throws(() => packReasons([1, 2, 3, 4, 5]), { code: 'PROTO_INPUT' })
  t.throws(() => packReasons([0]), { code: 'PROTO_INPUT' })
  t.throws(() => packTriggers([0, 0, 0, 0, 0, 0, 0, 6]), { code: 'PROTO_INPUT' })
  t.throws(() => packTriggers([0]), { code: 'PROTO_INPUT' })
})

t.test("the tree is OpenZeppelin's", async (t) => {
  const proofOf = (hex: string[]) => hex.map((h) => Uint8Array.from(Buffer.from(h.slice(2), 'hex')))
  fc.assert(
    fc.property(
      fc.uniqueArray(anyLeaf, { minLength: 1, maxLength: 40, selector: (leaf) => toHex0x(leafHash(leaf)) }),
      (leaves) => {
        const reference = StandardMerkleTree.of(leaves.map(valuesOf), [...LEAF_ABI])
        const tree = merkleTree(leaves.map(leafHash))
        t.equal(toHex0x(tree.root), reference.root)
        for (const leaf of leaves) {
          const proof = tree.proof(leafHash(leaf))
          t.same(proof.map(hexlify), reference.getProof(valuesOf(leaf)))
          t.ok(verifyMerkleProof(tree.root, leafHash(leaf), proofOf(reference.getProof(valuesOf(leaf)))))
        }
      },
    ),
    { numRuns: 30 },
  )
})

t.test('what is not in the tree is not proven', async (t) => {
  const hashes = Array.from({ length: 33 }, (_, i) => keccak256(Uint8Array.of(i)))
  const tree = merkleTree(hashes)
  const [first, second] = hashes as [Uint8Array, Uint8Array]
  t.throws(() => tree.proof(keccak256(Uint8Array.of(99))), { code: 'PROTO_MERKLE' })
  t.notOk(verifyMerkleProof(tree.root, first, tree.proof(second)))
  t.notOk(verifyMerkleProof(tree.root, first, tree.proof(first).slice(1)))
  t.notOk(verifyMerkleProof(tree.root, first, []))
  t.notOk(verifyMerkleProof(tree.root, first.subarray(1), tree.proof(first)))
  fc.assert(
    fc.property(fc.nat(31), fc.nat(7), fc.nat(), (byte, bit, at) => {
      const proof = tree.proof(first)
      const sibling = proof[at % proof.length] as Uint8Array
      sibling[byte] = (sibling[byte] as number) ^ (1 << bit)
      t.notOk(verifyMerkleProof(tree.root, first, proof))
    }),
  )
  const empty = merkleTree([])
  t.same(empty.root, new Uint8Array(32))
  t.notOk(verifyMerkleProof(empty.root, new Uint8Array(32), []), 'an empty tree holds nothing')
  t.same(merkleTree([first]).proof(first), [])
  t.ok(verifyMerkleProof(first, first, []))
})

t.test('100,000 leaves', async (t) => {
  await initKeccak()
  const leaf = fc.sample(anyLeaf, { numRuns: 1, seed: 1 })[0] as Leaf
  const started = performance.now()
  const hashes = Array.from({ length: 100_000 }, (_, i) => leafHash({ ...leaf, tokenId: BigInt(i) }))
  const hashed = performance.now()
  const tree = merkleTree(hashes)
  t.comment(`leaves ${Math.round(hashed - started)} ms, tree ${Math.round(performance.now() - hashed)} ms`)
  for (const i of [0, 1, 50_000, 99_999]) {
    const hash = hashes[i] as Uint8Array
    const proof = tree.proof(hash)
    t.ok(proof.length === 16 || proof.length === 17)
    t.ok(verifyMerkleProof(tree.root, hash, proof))
  }
})
