import fc from 'fast-check'
import t from 'tap'
import { type AssetState, emptyAssetState, LATCHES, type LatchName } from '#protocol/score/assetState'
import { debounce, rawClass } from '#protocol/score/debounce'
import { latch, release } from '#protocol/score/latches'
import { CHS1 } from '#protocol/score/methodology'
import { type StatusFacts, status } from '#protocol/score/status'
import { STATUS } from '#protocol/score/statuses'
import { holds } from '../../fixtures/property.ts'
import { CASES } from '../../fixtures/score/inputs.ts'

const FACTS: StatusFacts = { retired: false, level: 1, minLevel: 1, missing: [], scoreBp: 9000 }

function carried(change: Partial<AssetState> = {}, ...latches: LatchName[]): AssetState {
  const state = { ...emptyAssetState(), observedAtS: 1, ...change }
  for (const name of latches) latch(state, name, 5)
  return state
}

t.test('the first row that matches wins', async (t) => {
  const rows: [LatchName, number][] = [
    ['rollback', STATUS.Tampered],
    ['relocated', STATUS.Relocated],
    ['missing', STATUS.Missing],
    ['busDrop', STATUS.Critical],
  ]
  const silent = { silentS: 10 ** 9 }
  rows.forEach(([name, wanted], i) => {
    const below = rows.slice(i).map(([other]) => other)
    t.equal(
      status(FACTS, carried(silent, ...below), CHS1).status,
      wanted,
      `${name} over ${below.slice(1)} and silence`,
    )
  })
  t.equal(status({ ...FACTS, retired: true }, carried(silent, 'fork'), CHS1).status, STATUS.Retired)
  t.equal(status(FACTS, carried(silent), CHS1).status, STATUS.Unknown)
  t.equal(status(FACTS, carried(), CHS1).status, STATUS.Healthy)
})

t.test('Unknown: silence, a missing mandatory factor, a level below the minimum', async (t) => {
  const { freshS } = CHS1.status
  t.equal(status(FACTS, carried({ silentS: freshS - 1 }), CHS1).status, STATUS.Healthy)
  t.strictSame(status(FACTS, carried({ silentS: freshS }), CHS1), { status: STATUS.Unknown, why: ['S01'] })
  t.strictSame(status(FACTS, emptyAssetState(), CHS1), { status: STATUS.Unknown, why: ['S01'] })
  t.strictSame(status({ ...FACTS, missing: ['H', 'G'] }, carried(), CHS1), {
    status: STATUS.Unknown,
    why: ['S02', 'N03', 'N07'],
  })
  t.strictSame(status({ ...FACTS, level: 0 }, carried(), CHS1), { status: STATUS.Unknown, why: ['S03'] })
})

t.test('the first score counts raw, later ones debounced', async (t) => {
  t.strictSame(
    [0, 3999, 4000, 6999, 7000, 10_000].map((score) => rawClass(score, CHS1)),
    [3, 3, 2, 2, 1, 1],
  )
  t.equal(status({ ...FACTS, scoreBp: 5000 }, carried({ shown: 1 }), CHS1).status, STATUS.Healthy)
  const shown = (scores: readonly number[], known = true) => {
    const state = emptyAssetState()
    return scores.map((score) => {
      debounce(state, score, known, CHS1)
      return state.shown
    })
  }
  t.strictSame(shown([7000, 6899, 6899, 6899]), [1, 1, 1, 2], 'worse after three below 6900')
  t.strictSame(shown([7000, 6900, 6900, 6900, 6900]), [1, 1, 1, 1, 1], 'the margin holds')
  t.strictSame(shown([7000, 6899, 6899, 6950, 6899, 6899, 6899]), [1, 1, 1, 1, 1, 1, 2], 'in a row')
  t.strictSame(shown([6000, 7201, 7201, 7201]), [2, 2, 2, 1], 'better after three above 7200')
  t.strictSame(shown([6000, 7200, 7200, 7200, 7200]), [2, 2, 2, 2, 2])
  t.strictSame(shown([9000, 3000, 3000, 3000]), [1, 1, 1, 3], 'straight to Critical')
  t.strictSame(
    shown([9000, 3000, 5000, 3000, 3000, 3000, 3000]),
    [1, 1, 1, 2, 2, 2, 3],
    'the mildest of the run',
  )
  t.strictSame(shown([9000, 3000], false), [0, 0], 'nothing is shown before it is known')
  const state = carried({ shown: 2 })
  for (let i = 0; i < 5; i++) debounce(state, 9000, false, CHS1)
  t.equal(state.shown, 2, 'Unknown never gets better')
  for (let i = 0; i < 3; i++) debounce(state, 1000, false, CHS1)
  t.equal(state.shown, 3, 'but worse')
})

t.test('debounce never passes what the scores support', async (t) => {
  await holds(
    t,
    'the shown class lies within the raw classes seen so far',
    fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 40 }),
    (scores) => {
      const state = emptyAssetState()
      const seen = new Set<number>()
      for (const score of scores) {
        seen.add(rawClass(score, CHS1))
        debounce(state, score, true, CHS1)
        if (state.shown < Math.min(...seen) || state.shown > Math.max(...seen))
          throw new Error(`${state.shown}`)
      }
      const last = scores.slice(-3)
      if (last.length === 3 && scores.length > 6 && last.every((s) => s < 3900) && state.shown === 1) {
        throw new Error('Healthy after three critical scores')
      }
    },
    CASES,
  )
})

t.test('findings keep their first time, stand in one order and end by name', async (t) => {
  const state = emptyAssetState()
  for (const name of [...LATCHES].reverse()) latch(state, name, 7)
  t.strictSame(
    state.latches.map(({ name }) => name),
    [...LATCHES],
  )
  latch(state, 'fork', 99)
  t.equal(state.latches[0]?.sinceS, 7)
  release(state, ['fork', 'relocated'])
  t.notOk(state.latches.some(({ name }) => name === 'fork' || name === 'relocated'))
  t.equal(state.latches.length, LATCHES.length - 2)
})
