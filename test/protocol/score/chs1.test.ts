import { readFileSync } from 'node:fs'
import t from 'tap'
import { scoreChs1 } from '#protocol/score/chs1'
import { inputsDigest } from '#protocol/score/inputsDigest'
import { interp, stepAt } from '#protocol/score/interp'
import { CHS1 } from '#protocol/score/methodology'
import type { ProfileName } from '#protocol/score/methodologyTypes'
import { parseScoreInput } from '#protocol/score/parseScoreInput'
import type { ScoreInput } from '#protocol/score/scoreInput'
import { HEALTHY } from '../../fixtures/score/inputs.ts'
import { sharedData } from '../../fixtures/sharedData.ts'

type Worked = {
  readonly name: string
  readonly input: unknown
  readonly expected: {
    readonly subscores: Record<string, number>
    readonly hazardBp: number
    readonly pd12mBp: number
    readonly weightedSum: number
    readonly cap: number
    readonly score: number
    readonly reasonsShortfall: readonly (readonly [string, number])[]
  }
}

function parsed(value: unknown): ScoreInput {
  const result = parseScoreInput(value)
  if ('errors' in result) throw new Error(result.errors.map(String).join('\n'))
  return result.input
}

t.test('the worked vectors of the methodology reproduce', async (t) => {
  const path = sharedData(t, 'reliability/score-chs1-examples.json')
  if (!path) return
  const { vectors } = JSON.parse(readFileSync(path, 'utf8')) as { vectors: Worked[] }
  t.equal(vectors.length, 12)
  for (const { name, input, expected } of vectors) {
    const { reasonsShortfall, ...numbers } = expected
    const result = scoreChs1(parsed(input), CHS1)
    t.match(result, numbers, name)
    const named = result.reasons.filter(({ code }) => !code.startsWith('I'))
    t.strictSame(
      named.map(({ code, points }) => [code[0], points]),
      reasonsShortfall.slice(0, named.length),
      `${name}: reasons`,
    )
  }
})

t.test('the committed vectors reproduce, with what was never measured', async (t) => {
  const url = new URL('../../fixtures/score/chs1-vectors.json', import.meta.url)
  const { vectors } = JSON.parse(readFileSync(url, 'utf8'))
  for (const { name, profile, input, expected } of vectors) {
    const whole = parsed(input)
    const result = scoreChs1(whole, CHS1, profile as ProfileName)
    const { nullFields: _n, tags: _t, reasons, ...numbers } = result
    t.strictSame(
      {
        ...numbers,
        reasons: reasons.map(({ code, points }) => [code, points]),
        inputsDigest: inputsDigest(whole),
      },
      expected,
      name,
    )
  }
})

t.test('curves floor their steps in both directions and clamp outside', async (t) => {
  const up = [
    [0, 0],
    [3, 10],
  ] as const
  const down = [
    [0, 10],
    [3, 0],
  ] as const
  t.strictSame(
    [0, 1, 2, 3, 9].map((x) => interp(up, x)),
    [0, 3, 6, 10, 10],
  )
  t.strictSame(
    [0, 1, 2, 3, 9].map((x) => interp(down, x)),
    [10, 7, 4, 0, 0],
  )
  t.strictSame(
    [0, 1, 2, 3].map((x) =>
      stepAt(
        [
          [1, 5],
          [3, 9],
        ],
        x,
        1,
      ),
    ),
    [1, 5, 5, 9],
  )
})

t.test('tags say what is measured, modelled, declared or missing', async (t) => {
  const result = scoreChs1({ ...HEALTHY, perfBp: null, hotBp: null, incomeVerified: false }, CHS1)
  t.match(result.tags.inputs, {
    perfBp: 'not-measured',
    remaps: 'measured',
    ageDays: 'declared',
    cls: 'modelled',
  })
  t.match(result.tags.subscores, { P: 'not-measured', T: 'modelled', U: 'declared', H: 'measured' })
  t.equal(result.tags.score, 'modelled')
  t.strictSame(result.nullFields, ['hotBp', 'perfBp'])
})

t.test('confidence falls with the evidence, the history and the silence', async (t) => {
  const confidence = (change: Partial<ScoreInput>) => scoreChs1({ ...HEALTHY, ...change }, CHS1).confidenceBp
  const whole = confidence({})
  t.ok(confidence({ assurance: 1 }) < whole)
  t.ok(confidence({ hbExpected: 10, hbValid: 10 }) < whole)
  t.ok(confidence({ hoursSinceHb: 48 }) < whole)
  t.ok(confidence({ perfBp: null }) < whole)
  t.equal(confidence({ hbExpected: null, hbValid: null, hoursSinceHb: null }), 0)
  const low = scoreChs1({ ...HEALTHY, assurance: 0 }, CHS1)
  t.ok(low.confidenceBp < CHS1.confidence.lowBelow)
  t.equal(low.reasons.at(-1)?.code, 'C01')
})

t.test('input errors are typed, one per field, and nothing is coerced', async (t) => {
  const bad: Record<string, unknown> = {
    assurance: 6,
    hbValid: -1,
    hbExcused: 1.5,
    hoursSinceHb: '3',
    cls: 'mobile',
    ageDays: Number.NaN,
    remapPending: 0,
    remapFail: 'no',
    xid79_90: -0,
    hotBp: 10_001,
    perfBp: Number.POSITIVE_INFINITY,
    loc: 'in',
    identityConflict: undefined,
    gsp30: [],
    nvlink30: {},
    sramThreshold: 1n,
  }
  const { monthsSinceLaunch: _, ...rest } = HEALTHY
  const result = parseScoreInput({ ...rest, ...bad, colour: 'green' })
  if (!('errors' in result)) throw new Error('accepted')
  t.ok(result.errors.every((error) => error.code === 'PROTO_INPUT'))
  t.strictSame(
    result.errors.map((error) => error.facts.field).sort(),
    [...Object.keys(bad), 'monthsSinceLaunch', 'colour'].sort(),
  )
  for (const value of [null, 3, 'x', [], undefined]) {
    t.ok('errors' in parseScoreInput(value), `not an object: ${JSON.stringify(value)}`)
  }
  t.match(parseScoreInput({ ...HEALTHY, hbExpected: 1, hbValid: 2 }), {
    errors: [{ facts: { field: 'hbValid' } }],
  })
  t.match(parseScoreInput({ ...HEALTHY, unsupported: ['remaps'] }), {
    errors: [{ facts: { field: 'unsupported' } }],
  })
  t.match(parseScoreInput({ ...HEALTHY, unsupported: ['nonsense'] }), { errors: [{}] })
  t.match(parseScoreInput({ ...HEALTHY, unsupported: 'remaps' }), { errors: [{}] })
  t.match(
    parseScoreInput({ ...HEALTHY, remaps: null, remapFail: null, unsupported: ['remaps', 'remapFail'] }),
    {
      input: { unsupported: ['remapFail', 'remaps'] },
    },
  )
})

t.test('only the counters that a class may lack are forgiven', async (t) => {
  const lacking = { remapFail: null, unsupported: ['remapFail' as const] }
  t.equal(scoreChs1({ ...HEALTHY, ...lacking }, CHS1).subscores.H, 2000, 'data centre')
  t.equal(scoreChs1({ ...HEALTHY, ...lacking, cls: null }, CHS1).subscores.H, 2000, 'class unknown')
  const consumer = scoreChs1({ ...HEALTHY, ...lacking, cls: 'consumer' }, CHS1)
  t.equal(consumer.subscores.H, CHS1.unsupported.hardwareCap)
  t.equal(consumer.tags.inputs.remapFail, 'modelled')
  t.equal(
    scoreChs1({ ...HEALTHY, ...lacking, cls: 'consumer', unsupported: [] }, CHS1).subscores.H,
    2000,
    'withheld',
  )
})
