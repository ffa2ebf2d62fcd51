import fc from 'fast-check'
import t from 'tap'
import { sameBytes, toHex0x } from '#protocol/bytes'
import { decodeRoundState, encodeRoundState, type RoundState } from '#protocol/score/roundState'
import { holds } from '../../fixtures/property.ts'
import { valueOrCoded } from '../../fixtures/throwsCode.ts'
import { bytes, mutate, mutations, record, uints } from '../../fixtures/wireValues.ts'

const hex = bytes(32).map(toHex0x)
const small = fc.nat(255)
const tokens = fc.bigInt({ min: 1n, max: 2n ** 176n - 1n })
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const states: fc.Arbitrary<RoundState> = record<RoundState>({
  round: uints,
  assets: fc.array(
    record({
      agentId: hex,
      assetId: hex,
      inputsDigest: hex,
      state: fc.uint8Array({ maxLength: 40 }),
      leaf: record({
        feedId: hex,
        tokenId: tokens,
        generation: uints,
        epoch: uints,
        observedAt: uints,
        scoreBp: small,
        status: small,
        level: small,
        confidenceBp: small,
        reasons: uint64,
        recoverableValueCents: uint64,
        triggers: uints,
        inputRoot: hex,
      }),
    }),
    { maxLength: 3 },
  ),
  heads: fc.array(record({ logId: bytes(32), boot: uints, seq: uints, hash: bytes(32) }), { maxLength: 3 }),
  mapOpen: fc.boolean(),
  open: fc.array(
    record({ tokenId: tokens, generation: uints, status: small, level: small, triggers: uints }),
    { maxLength: 3 },
  ),
  closedSinceS: uints,
})

t.test('round states', async (t) => {
  await holds(t, 'come back, whatever token id the registry takes', states, (state) => {
    if (fc.stringify(decodeRoundState(encodeRoundState(state))) !== fc.stringify(state))
      throw new Error('another state')
  })
  await holds(
    t,
    'have one encoding, and no other error than a coded one',
    fc.tuple(states, mutations),
    ([state, mutation]) => {
      const changed = mutate(encodeRoundState(state), mutation)
      const read = valueOrCoded(() => decodeRoundState(changed))
      if ('value' in read && !sameBytes(encodeRoundState(read.value), changed))
        throw new Error('a second encoding')
    },
    1500,
  )
})
