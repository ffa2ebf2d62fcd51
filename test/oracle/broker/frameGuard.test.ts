import fc from 'fast-check'
import t from 'tap'
import { createFrameGuard } from '../../../oracle/broker/frameGuard.ts'

const SEED = Number(process.env.ASSAY_SEED ?? 12)

/** An MQTT packet of any type with a body of this length (MQTT 3.1.1 §2.2). */
function packet(first: number, length: number): Uint8Array {
  const head = [first]
  let rest = length
  do {
    head.push((rest % 128) | (rest >= 128 ? 0x80 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  const out = new Uint8Array(head.length + length).fill(0xff)
  out.set(head)
  return out
}

t.test(
  'lets through exactly the streams whose packets are all short enough, however they are cut',
  async (t) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 600 })), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 8 }),
        (packets, cuts) => {
          const guard = createFrameGuard(400)
          const stream = Buffer.concat(packets.map(([first, length]) => packet(first, length)))
          let within = true
          for (let at = 0, i = 0; at < stream.length && within; i++) {
            const step = cuts[i % cuts.length] as number
            within = guard(stream.subarray(at, at + step))
            at += step
          }
          t.equal(
            within,
            packets.every(([, length]) => length <= 400),
          )
        },
      ),
      { seed: SEED, numRuns: 500 },
    )
    t.comment(`seed ${SEED}`)
  },
)

t.test('a length of five bytes is malformed', async (t) => {
  const guard = createFrameGuard(2 ** 40)
  t.notOk(guard(new Uint8Array([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f])))
})
