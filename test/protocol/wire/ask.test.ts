import fc from 'fast-check'
import t from 'tap'
import { decodeAsk, encodeAsk } from '#protocol/wire/ask'

const SEED = Number(process.env.ASSAY_SEED ?? 51)

t.test(
  'asks survive their encoding, and a flipped byte never changes one silently into itself',
  async (t) => {
    const position = fc.record({ boot: fc.nat(), seq: fc.maxSafeNat() })
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    const ask = fc.record({
      nodeId: bytes(20),
      agentId: bytes(32),
      after: fc.option(position),
      to: position,
    })
    fc.assert(
      fc.property(ask, fc.nat(), fc.integer({ min: 1, max: 255 }), (each, at, change) => {
        const encoded = encodeAsk(each)
        t.same(decodeAsk(encoded), each)
        const flipped = encoded.slice()
        flipped[at % flipped.length] = (flipped[at % flipped.length] as number) ^ change
        try {
          t.notSame(decodeAsk(flipped), each)
        } catch (error) {
          t.match((error as { code: string }).code, /^PROTO_/)
        }
      }),
      { seed: SEED },
    )
    t.comment(`seed ${SEED}`)
  },
)
