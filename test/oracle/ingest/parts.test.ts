import fc from 'fast-check'
import t from 'tap'
import { noblePrimitives } from '#protocol/noblePrimitives'
import { valueCell } from '#protocol/wire/cell'
import { decodeSegment, encodeSegment, type Segment } from '#protocol/wire/segment'
import { createCommitQueue } from '../../../oracle/ingest/commitQueue.ts'
import { peekSegment } from '../../../oracle/ingest/peekSegment.ts'
import { createPoolVerifier } from '../../../oracle/ingest/poolVerifier.ts'
import { createRejectionLog } from '../../../oracle/ingest/rejectionLog.ts'
import { createSignedLog } from '../../helpers/signedLog.ts'

const SEED = Number(process.env.ASSAY_SEED ?? 31)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
t.comment(`seed ${SEED}`)

t.test('peeking a segment says what decoding it says', async (t) => {
  const segment: fc.Arbitrary<Segment> = fc.oneof(
    fc.record({
      kind: fc.constant('telemetry' as const),
      salt: bytes(16),
      subject: fc.option(bytes(32)),
      columns: fc.array(fc.record({ metric: fc.nat(60), cells: fc.constant([valueCell(1)]) }), {
        maxLength: 1,
      }),
    }),
    fc.record({
      kind: fc.constant('event' as const),
      salt: bytes(16),
      subject: fc.option(bytes(32)),
      event: fc.nat(50),
      atMs: fc.nat(),
      detail: fc.array(fc.integer(), { maxLength: 3 }),
    }),
  )
  fc.assert(
    fc.property(segment, (each) => {
      t.same(peekSegment(encodeSegment(each)), { kind: each.kind, subject: each.subject })
    }),
    { seed: SEED },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (junk) => {
      const peek = peekSegment(junk)
      if (peek) return
      t.throws(() => decodeSegment(junk, 1), 'what cannot be peeked cannot be decoded')
    }),
    { seed: SEED },
  )
})

t.test('the pool verifier gives the verdicts of noble', async (t) => {
  const pool = createPoolVerifier()
  const ask = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
    new Promise<boolean>((resolve) => pool.verify(key, message, signature, resolve))
  const { signer } = createSignedLog()
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom('good', 'high-s', 'flipped', 'short', 'other key', 'no point'),
      fc.nat(63),
      async (message, kind, at) => {
        let signature = await signer.sign(message)
        let key = signer.publicKey
        if (kind === 'high-s') {
          const s = order - BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`)
          signature = Buffer.concat([
            signature.subarray(0, 32),
            Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
          ])
        }
        if (kind === 'flipped') {
          signature = signature.slice()
          signature[at] = (signature[at] as number) ^ 1
        }
        if (kind === 'short') signature = signature.subarray(0, 63)
        if (kind === 'other key') key = createSignedLog().signer.publicKey
        if (kind === 'no point') key = new Uint8Array(65).fill(4)
        const verdict = await ask(key, message, signature)
        t.equal(verdict, noblePrimitives.verifyP256(key, message, signature), kind)
        t.equal(verdict, kind === 'good')
      },
    ),
    { seed: SEED, numRuns: 60 },
  )
})

t.test('items leave the commit queue once, in order of arrival, in bounded groups', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 7 }),
      async (delays, maxItems) => {
        const left: number[] = []
        const queue = createCommitQueue<number>({
          enoughItems: 3,
          maxItems,
          maxWaitMs: 1,
          commit(batch) {
            t.ok(batch.length > 0 && batch.length <= maxItems)
            left.push(...batch)
          },
        })
        delays.forEach((delay, item) => {
          const ticket = queue.push(item)
          if (delay === 0) ticket.settle()
          else if (delay === 1) setImmediate(() => ticket.settle())
          else setTimeout(() => ticket.settle(), delay - 1)
        })
        await queue.drained()
        t.same(
          left,
          delays.map((_, item) => item),
        )
        t.equal(queue.length(), 0)
      },
    ),
    { seed: SEED, numRuns: 40 },
  )
})

t.test('a flood of rejections is a few incidents, none lost from the count', async (t) => {
  let now = 0
  const told: string[] = []
  const log = createRejectionLog({ everyMs: 1000, clock: () => now, onIncident: (i) => told.push(i.text) })
  for (let i = 0; i < 50; i++) log('aa', 'malformed')
  t.equal(told.length, 1)
  now = 1000
  log('aa', 'malformed')
  t.equal(told.length, 2)
  t.match(told[1], /49 more/)
  for (let i = 0; i < 5000; i++) log(`made up ${i}`, 'malformed')
  t.equal(told.length, 5002, 'one each, and what is remembered is bounded')
})
