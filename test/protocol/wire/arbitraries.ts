import fc from 'fast-check'
import type { Hex } from '#protocol/wire/chainView'
import type { Leaf } from '#protocol/wire/leaf'
import type { Report } from '#protocol/wire/report'

/** `bytes` random bytes as 0x text. */
export const anyHex = (bytes: number): fc.Arbitrary<Hex> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((b) => `0x${Buffer.from(b).toString('hex')}` as Hex)

const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** Math.min(bits, 53) - 1 })

export const anyLeaf: fc.Arbitrary<Leaf> = fc
  .tuple(
    anyHex(32),
    fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
    uint(32),
    uint(64),
    uint(64),
    uint(16),
    fc.nat(7),
    uint(8),
    uint(16),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    uint(32),
    anyHex(32),
  )
  .map((v) => ({
    feedId: v[0],
    tokenId: v[1],
    generation: v[2],
    epoch: v[3],
    observedAt: v[4],
    scoreBp: v[5],
    status: v[6],
    level: v[7],
    confidenceBp: v[8],
    reasons: v[9],
    recoverableValueCents: v[10],
    triggers: v[11],
    inputRoot: v[12],
  }))

export const anyReport: fc.Arbitrary<Report> = fc.record({
  feedId: anyHex(32),
  configId: uint(32),
  round: uint(64),
  epochId: anyHex(32),
  prevRoot: anyHex(32),
  root: anyHex(32),
  leafCount: uint(32),
  observedFrom: uint(64),
  observedTo: uint(64),
  validUntil: uint(64),
  mapOpen: fc.boolean(),
  exceptionsHash: anyHex(32),
  aggregateHash: anyHex(32),
  methodologyHash: anyHex(32),
  ackListsHash: anyHex(32),
})
