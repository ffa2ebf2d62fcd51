import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { p256 } from '@noble/curves/nist.js'
import fc from 'fast-check'
import t from 'tap'
import { concat, fromHex, sameBytes, utf8 } from '#protocol/bytes'
import { isLowS, toLowS } from '#protocol/lowS'
import { noblePrimitives } from '#protocol/noblePrimitives'
import { nobleSigner } from '#protocol/nobleSigner'
import { createNodePrimitives } from '#protocol/node/nodePrimitives'
import { createNodeSigner } from '#protocol/node/nodeSigner'
import { seededBytes } from '../fixtures/corpus.ts'
import { holds } from '../fixtures/property.ts'
import { sharedData } from '../fixtures/sharedData.ts'
import { throwsCode } from '../fixtures/throwsCode.ts'
import { mutate, mutations } from '../fixtures/wireValues.ts'

const N = p256.Point.Fn.ORDER
const node = createNodePrimitives()

function scalar(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0')) as Uint8Array
}

/** The one verdict of both primitives; throws when they differ. */
function verdict(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const noble = noblePrimitives.verifyP256(publicKey, message, signature)
  const fast = node.verifyP256(publicKey, message, signature)
  if (noble !== fast) throw new Error(`noble ${noble}, node:crypto ${fast}`)
  return noble
}

t.test('Wycheproof ECDSA P-256 with SHA-256', async (t) => {
  const path = sharedData(t, 'vectors/wycheproof/ecdsa_secp256r1_sha256.json')
  if (!path) return
  let raw = 0
  let high = 0
  let notDer = 0
  const wrong: number[] = []
  for (const group of JSON.parse(readFileSync(path, 'utf8')).testGroups) {
    const publicKey = fromHex(group.publicKey.uncompressed) as Uint8Array
    for (const test of group.tests) {
      let signature: Uint8Array
      try {
        signature = p256.Signature.fromBytes(fromHex(test.sig) as Uint8Array, 'der').toBytes('compact')
      } catch {
        notDer++
        if (test.result === 'valid') wrong.push(test.tcId)
        continue
      }
      raw++
      const message = fromHex(test.msg) as Uint8Array
      const valid = test.result === 'valid'
      if (!isLowS(signature)) {
        high++
        if (verdict(publicKey, message, signature)) wrong.push(test.tcId)
        signature = toLowS(signature)
      }
      if (verdict(publicKey, message, signature) !== valid) wrong.push(test.tcId)
    }
  }
  t.comment(`${raw} signatures, ${high} of them high-s; ${notDer} are no DER integers in range`)
  t.same(wrong, [], 'both primitives give the verdict of the vectors, in low-s form only')
  t.ok(raw > 100 && high > 40, 'and enough of them were tried')
})

t.test('edges of r, s and the key', async (t) => {
  const secret = seededBytes('edges')
  const publicKey = p256.getPublicKey(secret, false)
  const message = utf8('message')
  const good = p256.sign(message, secret, { lowS: true, prehash: true })
  t.ok(verdict(publicKey, message, good), 'a good signature')
  const edges = [0n, 1n, N >> 1n, (N >> 1n) + 1n, N - 1n, N, N + 1n, 2n ** 256n - 1n]
  for (const r of edges)
    for (const s of edges)
      if (verdict(publicKey, message, concat(scalar(r), scalar(s)))) t.fail(`accepted r ${r}, s ${s}`)
  t.pass(`${edges.length ** 2} pairs of edge values refused by both`)
  const p = p256.Point.Fp.ORDER
  const keys: [string, Uint8Array][] = [
    ['off the curve', publicKey.map((byte, i) => (i === 64 ? byte ^ 1 : byte))],
    ['all zero', new Uint8Array(65)],
    ['zero point', concat(Uint8Array.of(4), new Uint8Array(64))],
    ['x beyond the field', concat(Uint8Array.of(4), scalar(p + 5n), publicKey.subarray(33))],
    ['compressed', p256.getPublicKey(secret, true)],
    ['hybrid', publicKey.map((byte, i) => (i === 0 ? 6 : byte))],
    ['a byte short', publicKey.subarray(0, 64)],
  ]
  for (const [name, key] of keys) t.notOk(verdict(key, message, good), `key ${name}`)
  for (const length of [0, 63, 65, 70])
    t.notOk(verdict(publicKey, message, new Uint8Array(length)), `${length} bytes`)
})

t.test('random signatures', async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const signer = createNodeSigner(pem)
  const jwk = publicKey.export({ format: 'jwk' })
  t.same(
    signer.publicKey.slice(1, 33),
    new Uint8Array(Buffer.from(jwk.x!, 'base64url')),
    'the signer shows its key',
  )
  await holds(
    t,
    'of OpenSSL verify in low-s form only',
    fc.uint8Array({ maxLength: 200 }),
    (message) => {
      const raw = new Uint8Array(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }))
      if (verdict(signer.publicKey, message, raw) !== isLowS(raw)) throw new Error('high s')
      const low = toLowS(raw)
      if (!isLowS(low) || !sameBytes(toLowS(low), low)) throw new Error('not normalised')
      if (!verdict(signer.publicKey, message, low)) throw new Error('refused')
    },
    60,
  )
  await holds(
    t,
    'of both signers verify',
    fc.uint8Array({ maxLength: 200 }),
    async (message) => {
      const noble = nobleSigner(seededBytes('random'))
      for (const each of [signer, noble])
        if (!verdict(each.publicKey, message, await each.sign(message))) throw new Error('refused')
    },
    30,
  )
  const message = utf8('mutated')
  const signature = await signer.sign(message)
  await holds(
    t,
    'changed anywhere have one verdict, no',
    fc.tuple(mutations, fc.nat(2)),
    ([mutation, which]) => {
      const parts = [signer.publicKey, message, signature].map((part, i) =>
        i === which ? mutate(part, mutation) : part,
      )
      const [key, text, sig] = parts as [Uint8Array, Uint8Array, Uint8Array]
      const same = sameBytes(concat(key, text, sig), concat(signer.publicKey, message, signature))
      if (verdict(key, text, sig) !== same) throw new Error('accepted')
    },
    150,
  )
})

t.test('hashes', async (t) => {
  await holds(t, 'are equal', fc.uint8Array({ maxLength: 300 }), (bytes) => {
    if (!sameBytes(noblePrimitives.sha256(bytes), node.sha256(bytes))) throw new Error('differ')
    if (node.sha256(bytes).constructor !== Uint8Array) throw new Error('not a plain byte array')
  })
})

t.test('low s', async (t) => {
  const half = N >> 1n
  const of = (s: bigint) => concat(scalar(7n), scalar(s))
  t.ok(isLowS(of(half)), 'half the order is low')
  t.notOk(isLowS(of(half + 1n)), 'one more is high')
  t.same(toLowS(of(half + 1n)), of(half), 'and becomes half')
  t.notOk(isLowS(new Uint8Array(63)), 'another length is not low')
  for (const [name, bytes] of [
    ['s = 0', of(0n)],
    ['s = n', of(N)],
    ['63 bytes', new Uint8Array(63).fill(1)],
  ] as const)
    throwsCode(t, () => toLowS(bytes), 'PROTO_SIGNATURE', name)
})

t.test('a PEM that is no P-256 key', async (t) => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  const ed = generateKeyPairSync('ed25519').privateKey
  for (const pem of [
    '',
    'x',
    ...[other, ed].map((key) => key.export({ type: 'pkcs8', format: 'pem' }).toString()),
  ])
    throwsCode(t, () => createNodeSigner(pem), 'PROTO_KEY', pem.slice(0, 24) || 'empty')
})

t.test('the cache of keys', async (t) => {
  const primitives = createNodePrimitives()
  const message = utf8('cached')
  const signer = nobleSigner(seededBytes('cached'))
  const signature = await signer.sign(message)
  const key = Buffer.from(signer.publicKey)
  t.ok(primitives.verifyP256(key, message, signature))
  const other = nobleSigner(seededBytes('other')).publicKey
  key.set(other)
  t.notOk(primitives.verifyP256(key, message, signature), 'goes by the bytes of the key, not by the buffer')
})
