import { computeAddress, Signature, SigningKey, type TypedDataDomain, TypedDataEncoder } from 'ethers'
import fc from 'fast-check'
import t from 'tap'
import { toHex0x } from '#protocol/bytes'
import { ADMISSION_TYPE, type Admission, admissionDigest } from '#protocol/wire/admission'
import type { SigningDomain } from '#protocol/wire/eip712'
import { packQuorum, verifyQuorum } from '#protocol/wire/quorum'
import { REPORT_TYPE, reportDigest } from '#protocol/wire/report'
import { recoverSigner, reportAddress, signDigest } from '#protocol/wire/reportSignature'
import { anyHex, anyReport } from './arbitraries.ts'

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** The type string as ethers wants it, so that both sides read the same text. */
function typesOf(type: string) {
  const [, name, members] = /^(\w+)\((.*)\)$/.exec(type) as unknown as [string, string, string]
  return {
    [name]: members.split(',').map((member) => {
      const [kind, field] = member.split(' ') as [string, string]
      return { type: kind, name: field }
    }),
  }
}

const anyDomain: fc.Arbitrary<SigningDomain> = fc.record({
  chainId: fc.integer({ min: 1, max: 2 ** 31 }),
  verifyingContract: anyHex(20),
})
const asEthers = (domain: SigningDomain): TypedDataDomain => ({ name: 'Assay', version: '1', ...domain })
const anyKey = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .filter((key) => key.some((byte) => byte !== 0) && key.some((byte) => byte !== 0xff))

t.test('report and admission digests are those of ethers', async (t) => {
  fc.assert(
    fc.property(anyDomain, anyReport, (domain, report) => {
      t.equal(
        toHex0x(reportDigest(domain, report)),
        TypedDataEncoder.hash(asEthers(domain), typesOf(REPORT_TYPE), report),
      )
    }),
  )
  const anyAdmission: fc.Arbitrary<Admission> = fc.record({
    feedId: anyHex(32),
    configId: fc.nat(),
    owner: anyHex(20),
    tokenId: fc.bigInt({ min: 0n, max: (1n << 176n) - 1n }),
    assetId: anyHex(32),
    generation: fc.nat(),
    agentId: anyHex(32),
    level: fc.nat(255),
    tags: fc.array(anyHex(32), { maxLength: 4 }),
    evidenceDigest: anyHex(32),
    expiry: fc.nat(),
  })
  fc.assert(
    fc.property(anyDomain, anyAdmission, (domain, admission) => {
      t.equal(
        toHex0x(admissionDigest(domain, admission)),
        TypedDataEncoder.hash(asEthers(domain), typesOf(ADMISSION_TYPE), admission),
      )
    }),
  )
})

t.test('signatures are compact, low-s and recover as ethers recovers them', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), anyKey, (digest, key) => {
      const compact = signDigest(digest, key)
      const address = computeAddress(new SigningKey(key)).toLowerCase()
      t.equal(reportAddress(key), address)
      t.equal(recoverSigner(digest, compact), address)
      t.equal(toHex0x(compact), new SigningKey(key).sign(digest).compactSerialized)
    }),
    { numRuns: 50 },
  )
})

t.test('a high s and bytes that are no signature are refused', async (t) => {
  const digest = new Uint8Array(32).fill(3)
  const key = new Uint8Array(32).fill(5)
  const good = Signature.from(toHex0x(signDigest(digest, key)))
  // EIP-2098 has room for s below 2^255 only, so a high s that it can hold is one just above half the order.
  const halfPlusOne = ((ORDER >> 1n) + 1n).toString(16).padStart(64, '0')
  t.throws(() => recoverSigner(digest, Buffer.from(good.r.slice(2) + halfPlusOne, 'hex')), {
    code: 'PROTO_HIGH_S',
  })
  t.throws(() => recoverSigner(digest, new Uint8Array(64)), { code: 'PROTO_SIGNATURE' })
  t.throws(() => recoverSigner(digest, new Uint8Array(65)), { code: 'PROTO_SIGNATURE' })
  t.throws(() => signDigest(digest, new Uint8Array(32)), { code: 'PROTO_KEY' })
  t.throws(() => signDigest(digest, new Uint8Array(31).fill(1)), { code: 'PROTO_KEY' })
})

t.test('a quorum', async (t) => {
  const digest = new Uint8Array(32).fill(9)
  const keys = Array.from({ length: 31 }, (_, i) => new Uint8Array(32).fill(i + 1))
  const signers = keys.map(reportAddress)
  const sign = (...indices: number[]) =>
    packQuorum(new Map(indices.map((i) => [i, signDigest(digest, keys[i] as Uint8Array)])))
  t.same(verifyQuorum(digest, sign(30, 4, 0), signers, 3), [0, 4, 30])
  const quorum = sign(0, 1)
  t.throws(() => verifyQuorum(digest, quorum, signers, 3), { code: 'PROTO_SIGNATURE', message: /at least 3/ })
  t.throws(() => verifyQuorum(new Uint8Array(32), quorum, signers, 2), { code: 'PROTO_SIGNATURE' })
  t.throws(() => verifyQuorum(digest, { ...quorum, bitmap: 0b101 }, signers, 2), { code: 'PROTO_SIGNATURE' })
  t.throws(() => verifyQuorum(digest, { ...quorum, bitmap: 0b111 }, signers, 2), { code: 'PROTO_SIGNATURE' })
  t.throws(() => verifyQuorum(digest, sign(30, 4), signers.slice(0, 5), 2), { code: 'PROTO_SIGNATURE' })
  t.throws(() => packQuorum(new Map([[31, new Uint8Array(64)]])), { code: 'PROTO_INPUT' })
  t.throws(() => packQuorum(new Map([[0, new Uint8Array(65)]])), { code: 'PROTO_INPUT' })
})
