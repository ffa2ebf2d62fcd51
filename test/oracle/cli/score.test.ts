import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { CHS1 } from '#protocol/score/methodology'
import { methodologyHash } from '#protocol/score/methodologyHash'
import { type ScoreOptions, scoreCommand } from '../../../oracle/cli/score.ts'
import { HEALTHY } from '../../fixtures/score/inputs.ts'
import { sharedData } from '../../fixtures/sharedData.ts'

const folder = await mkdtemp(join(tmpdir(), 'assay-score-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))

async function run(content: unknown, more: Partial<ScoreOptions> = {}) {
  const file = join(folder, 'inputs.json')
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  const out: string[] = []
  const err: string[] = []
  const code = await scoreCommand({
    inputs: file,
    json: true,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    ...more,
  })
  return { code, out: out.join(''), err: err.join('') }
}

const { unsupported: _, ...healthy } = HEALTHY

t.test('one input and many vectors', async (t) => {
  const one = await run({ input: healthy })
  t.equal(one.code, 0)
  const [vector] = JSON.parse(one.out).vectors
  t.match(vector, {
    name: 'input',
    score: 9390,
    grade: 'A',
    status: 'Healthy',
    gate: 'H11',
    methodologyHash: methodologyHash(CHS1),
    inputRoot: /^0x[0-9a-f]{64}$/,
  })
  t.strictSame(Object.keys(vector.reasons[0]), ['code', 'points', 'text', 'remedy'])
  const two = await run({
    vectors: [
      { name: 'a', input: healthy },
      { name: 'b', input: { ...healthy, remapFail: true } },
    ],
  })
  t.match(JSON.parse(two.out), {
    vectors: [
      { name: 'a', status: 'Healthy' },
      { name: 'b', status: 'Critical' },
    ],
  })
  const plain = await run({ input: healthy }, { json: false })
  t.match(plain.out, /^input: 9390 of 10000, grade A, Healthy/)
  const up = await run({ input: { ...healthy, perfBp: null } }, { profile: 'up' })
  t.match(JSON.parse(up.out).vectors[0], { status: 'Degraded', notMeasured: ['P'], profile: 'up' })
})

t.test('statuses that inputs imply', async (t) => {
  const cases: [string, object, string][] = [
    ['silent', { hoursSinceHb: 6 }, 'Unknown'],
    ['silent, not yet', { hoursSinceHb: 5 }, 'Healthy'],
    ['never benchmarked', { perfBp: null }, 'Unknown'],
    ['no agent', { assurance: 0 }, 'Unknown'],
    ['cloned', { identityConflict: true }, 'Tampered'],
    ['bus', { xid79_90: 2 }, 'Critical'],
    ['SRAM', { sramThreshold: true }, 'Critical'],
    ['moved out', { loc: 'OUT' }, 'Critical'],
    ['uncontained error', { ueUnmit90: 1, ueUnmit365: 1 }, 'Degraded'],
  ]
  const result = await run({
    vectors: cases.map(([name, change]) => ({ name, input: { ...healthy, ...change } })),
  })
  const { vectors } = JSON.parse(result.out)
  t.strictSame(
    vectors.map((v: { status: string }) => v.status),
    cases.map(([, , status]) => status),
  )
})

t.test('the worked vectors', async (t) => {
  const path = sharedData(t, 'reliability/score-chs1-examples.json')
  if (!path) return
  const result = await run('', { inputs: path })
  t.equal(result.code, 0)
  t.strictSame(
    JSON.parse(result.out).vectors.map((v: { score: number }) => v.score),
    [9390, 8810, 6616, 4000, 7999, 3233, 5500, 2500, 0, 7753, 9245, 7365],
  )
})

t.test('bad input: every field is named, exit code 2, nothing is scored', async (t) => {
  const { ageDays: _a, ...short } = healthy
  const bad = await run({
    vectors: [
      { name: 'good', input: healthy },
      { name: 'bad', input: { ...short, hotBp: '3', loc: 'X' } },
    ],
  })
  t.equal(bad.code, 2)
  t.strictSame(
    JSON.parse(bad.out).errors.map((e: { vector: string; field: string; code: string }) => [
      e.vector,
      e.field,
      e.code,
    ]),
    [
      ['bad', 'ageDays', 'PROTO_INPUT'],
      ['bad', 'hotBp', 'PROTO_INPUT'],
      ['bad', 'loc', 'PROTO_INPUT'],
    ],
  )
  t.match(bad.err, /bad: PROTO_INPUT.*ageDays/)
  for (const content of [
    '',
    '{',
    '[]',
    '3',
    '{}',
    '{"vectors":3}',
    '{"vectors":[3]}',
    '{"input":{},"vectors":[]}',
  ]) {
    const result = await run(content)
    t.equal(result.code, 2, content)
    t.match(result.err, /ORACLE_SCORE_FILE/)
  }
  const empty = await run({ input: {} })
  t.equal(JSON.parse(empty.out).errors.length, 27, 'every missing field')
  t.equal((await run('', { inputs: join(folder, 'none.json') })).code, 2)
})
