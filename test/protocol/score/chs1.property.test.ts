import fc from 'fast-check'
import t from 'tap'
import { scoreChs1 } from '#protocol/score/chs1'
import { inputsDigest } from '#protocol/score/inputsDigest'
import { CHS1 } from '#protocol/score/methodology'
import type { ProfileName } from '#protocol/score/methodologyTypes'
import { parseScoreInput } from '#protocol/score/parseScoreInput'
import type { ScoreField, ScoreInput } from '#protocol/score/scoreInput'
import { holds } from '../../fixtures/property.ts'
import { CASES, FIELDS, fieldValue, inputs } from '../../fixtures/score/inputs.ts'

const PROFILES: readonly ProfileName[] = ['production', 'up']
const score = (input: ScoreInput, profile: ProfileName = 'production') =>
  scoreChs1(input, CHS1, profile).score

/** Fields in which a larger value (true, or a later enum member) is worse; `ageDays` is not among them: boards fail early too. */
const WORSE_UP: readonly ScoreField[] = [
  'hoursSinceHb',
  'ueUnmit90',
  'ueUnmit365',
  'ueMit90',
  'remaps',
  'remapPending',
  'remapFail',
  'xid79_90',
  'nvlink30',
  'gsp30',
  'sramThreshold',
  'hotBp',
  'slowBp',
  'perfAgeDays',
  'locAgeDays',
  'monthsSinceLaunch',
  'identityConflict',
]
const WORSE_DOWN: readonly ScoreField[] = [
  'assurance',
  'hbValid',
  'hbExcused',
  'perfBp',
  'utilBp',
  'incomeVerified',
]

// long runs by ASSAY_SCORE_CASES take as long as they take
if (process.env.ASSAY_SCORE_CASES) t.setTimeout(0)

t.test('monotone in every bad signal and in staleness', async (t) => {
  for (const field of [...WORSE_UP, ...WORSE_DOWN]) {
    const cases = Math.ceil(CASES / 6)
    await holds(
      t,
      field,
      fc.tuple(inputs(), fieldValue(field), fieldValue(field), fc.constantFrom(...PROFILES)),
      ([input, a, b, profile]) => {
        const [least, most] = Number(a) <= Number(b) ? [a, b] : [b, a]
        const room = { hbExpected: Math.max(input.hbExpected ?? 0, field === 'hbValid' ? Number(most) : 0) }
        const base = field === 'hbValid' ? { ...input, ...room } : input
        const low = score({ ...base, [field]: least } as ScoreInput, profile)
        const high = score({ ...base, [field]: most } as ScoreInput, profile)
        if (WORSE_UP.includes(field) ? high > low : low > high) {
          throw new Error(`${field} ${least} gives ${low}, ${most} gives ${high}`)
        }
      },
      cases,
    )
  }
  await holds(
    t,
    'loc: IN, then SUSPECT, then OUT',
    fc.tuple(inputs(), fc.constantFrom(...PROFILES)),
    ([input, profile]) => {
      const [inside, suspect, outside] = (['IN', 'SUSPECT', 'OUT'] as const).map((loc) =>
        score({ ...input, loc }, profile),
      ) as [number, number, number]
      if (inside < suspect || suspect < outside) throw new Error(`${inside} ${suspect} ${outside}`)
    },
    CASES,
  )
})

t.test('missing never beats bad: in production a null is never better than any value', async (t) => {
  for (const field of FIELDS) {
    await holds(
      t,
      field,
      fc.tuple(inputs(), fieldValue(field)),
      ([input, value]) => {
        const expected =
          field === 'hbValid' ? { hbExpected: Math.max(input.hbExpected ?? 0, Number(value)) } : {}
        const bounded = field === 'hbExpected' ? { hbValid: Math.min(input.hbValid ?? 0, Number(value)) } : {}
        const base = { ...input, ...expected, ...bounded }
        const given = score({ ...base, [field]: value } as ScoreInput)
        const missing = score({ ...base, [field]: null } as ScoreInput)
        if (missing > given) throw new Error(`${field} null gives ${missing}, ${value} gives ${given}`)
      },
      Math.ceil(CASES / 6),
    )
  }
})

t.test('missing never beats stale in a profile that does not demand the factor', async (t) => {
  await holds(
    t,
    'place: never proven is no better than a proof of any age inside the region',
    fc.tuple(inputs(), fc.integer({ min: 0, max: 36_500 })),
    ([input, locAgeDays]) => {
      const stale = score({ ...input, loc: 'IN', locAgeDays }, 'up')
      const missing = score({ ...input, loc: null, locAgeDays: null }, 'up')
      if (missing > stale) throw new Error(`never ${missing}, stale ${stale}`)
    },
    CASES,
  )
  await holds(
    t,
    'a never-measured factor never leaves a healthy score',
    fc.tuple(inputs(3), fc.constantFrom(...PROFILES)),
    ([input, profile]) => {
      const result = scoreChs1(input, CHS1, profile)
      if (result.notMeasured.length > 0 && result.score >= CHS1.status.degraded) {
        throw new Error(`${result.notMeasured} never measured, score ${result.score}`)
      }
    },
    CASES,
  )
})

t.test('a result is whole, bounded, explained and reproducible', async (t) => {
  await holds(
    t,
    'whole numbers, at most four reasons, gate first',
    fc.tuple(inputs(2), fc.constantFrom(...PROFILES)),
    ([input, profile]) => {
      const result = scoreChs1(input, CHS1, profile)
      const numbers = [
        result.score,
        result.confidenceBp,
        result.pd12mBp,
        result.cap,
        ...Object.values(result.subscores),
      ]
      if (!numbers.every((n) => Number.isSafeInteger(n) && n >= 0 && n <= 10_000))
        throw new Error(`${numbers}`)
      if (!Number.isSafeInteger(result.hazardBp) || result.hazardBp > 100_000)
        throw new Error(`${result.hazardBp}`)
      if (result.reasons.length > 4) throw new Error('more than four reasons')
      if (result.gate !== null && result.reasons[0]?.code !== result.gate)
        throw new Error('gate is not first')
      if ((result.gate !== null) !== result.cap < result.weightedSum) throw new Error('gate without a cap')
      const points = result.reasons.slice(result.gate === null ? 0 : 1).map((reason) => reason.points)
      if (points.some((p, i) => i > 0 && p > (points[i - 1] as number))) throw new Error(`order ${points}`)
      if (new Set(result.reasons.map(({ code }) => code)).size !== result.reasons.length) {
        throw new Error('a reason twice')
      }
    },
    CASES,
  )
  await holds(
    t,
    'key order changes neither digest nor result; a parsed input is itself',
    fc.tuple(inputs(2), fc.integer({ min: 0, max: 1000 })),
    ([input, turn]) => {
      const entries = Object.entries(input)
      const at = turn % entries.length
      const turned = Object.fromEntries([
        ...entries.slice(at),
        ...entries.slice(0, at),
      ]) as unknown as ScoreInput
      if (inputsDigest(turned) !== inputsDigest(input)) throw new Error('digest')
      if (JSON.stringify(scoreChs1(turned, CHS1)) !== JSON.stringify(scoreChs1(input, CHS1))) {
        throw new Error('result')
      }
      const parsed = parseScoreInput(JSON.parse(JSON.stringify(turned)))
      if (!('input' in parsed) || inputsDigest(parsed.input) !== inputsDigest(input)) throw new Error('parse')
    },
    CASES,
  )
})
