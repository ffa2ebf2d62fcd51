import fc from 'fast-check'
import t from 'tap'
import { sameBytes } from '#protocol/bytes'
import { type AssetState, emptyAssetState } from '#protocol/score/assetState'
import { decodeAssetState, encodeAssetState } from '#protocol/score/assetStateCodec'
import type { EpochFacts } from '#protocol/score/epochFacts'
import { type FoldContext, foldAsset } from '#protocol/score/foldAsset'
import { inputsDigest } from '#protocol/score/inputsDigest'
import { CHS1 } from '#protocol/score/methodology'
import { parseScoreInput } from '#protocol/score/parseScoreInput'
import { EVENTS, type EventName } from '#protocol/wire/eventCodes'
import { packReasons, packTriggers } from '#protocol/wire/leafFields'
import { METRICS } from '#protocol/wire/metrics'
import { holds } from '../../fixtures/property.ts'
import { CONSUMER_ROW, DC_ROW, type EpochShape, epoch, type Row, xid } from '../../fixtures/score/epochs.ts'
import { CASES } from '../../fixtures/score/inputs.ts'

const names = METRICS.map(({ name }) => name)
const wild = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.integer({ min: -5, max: 200 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 40),
)
const cell = fc.oneof(
  { weight: 6, arbitrary: wild.map((value) => ({ presence: 'value' as const, value })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('unsupported', 'forbidden', 'absent').map((presence) => ({ presence })),
  },
  { weight: 1, arbitrary: fc.constant({ presence: 'error' as const, code: 15 }) },
)
/** Rows of an honest board with some cells replaced by anything. */
const row: fc.Arbitrary<Row> = fc
  .tuple(
    fc.constantFrom(DC_ROW, CONSUMER_ROW, {}),
    fc.array(fc.tuple(fc.constantFrom(...names), cell), { maxLength: 4 }),
  )
  .map(([base, cells]) => ({ ...base, ...Object.fromEntries(cells) }))
const event = fc.oneof(
  fc.constantFrom(...CHS1.xid.mitigated, ...CHS1.xid.open, 64, 79, 95, 74, 119, 13, 999).map(xid),
  fc.record({
    name: fc.constantFrom(...(Object.keys(EVENTS) as EventName[])),
    detail: fc.array(fc.integer(), { maxLength: 3 }),
  }),
)
const shape: fc.Arbitrary<EpochShape> = fc.record({
  rows: fc.array(row, { maxLength: 3 }),
  late: fc.boolean(),
  served: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  siteExcused: fc.boolean(),
  agentAlive: fc.boolean(),
  events: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(event, { maxLength: 3 }) },
  ),
  // hours, so that a history of a dozen epochs crosses freshness, absence, buckets and days
  lengthS: fc.constant(4 * 3600),
})
/** A history with gaps where no epoch exists, some of them months long. */
const history: fc.Arbitrary<EpochFacts[]> = fc
  .array(fc.tuple(shape, fc.constantFrom(1, 1, 1, 1, 2, 6, 200, 2500)), { minLength: 1, maxLength: 14 })
  .map((parts) => {
    let n = 100_000
    return parts.map(([one, step]) => {
      n += step
      return epoch(n, one)
    })
  })
const context: fc.Arbitrary<FoldContext> = fc.record({
  methodology: fc.constant(CHS1),
  profile: fc.constantFrom('production' as const, 'up' as const),
  level: fc.integer({ min: 0, max: 6 }),
  levelObservedS: fc.option(fc.integer({ min: 1, max: 2_000_000_000 })),
  cls: fc.option(fc.constantFrom('dc' as const, 'consumer' as const)),
  ageDays: fc.option(fc.nat({ max: 100_000 })),
  monthsSinceLaunch: fc.option(fc.nat({ max: 5000 })),
  retired: fc.oneof(
    { weight: 9, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  fork: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  identityConflict: fc.oneof(
    { weight: 9, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  generation: fc.constant(1),
})

const text = (value: unknown) =>
  JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `${item}n` : item))

// long runs by ASSAY_SCORE_CASES take as long as they take
if (process.env.ASSAY_SCORE_CASES) t.setTimeout(0)

t.test('folding at once equals folding in parts', async (t) => {
  await holds(
    t,
    'any split, through the codec',
    fc.tuple(history, context, fc.nat()),
    ([epochs, ctx, at]) => {
      const cut = 1 + (at % epochs.length)
      const whole = foldAsset(emptyAssetState(), epochs, ctx)
      const half = foldAsset(emptyAssetState(), epochs.slice(0, cut), ctx)
      const carried = decodeAssetState(encodeAssetState(half.state))
      const rest = foldAsset(carried, epochs.slice(cut), ctx)
      if (!sameBytes(encodeAssetState(whole.state), encodeAssetState(rest.state))) {
        throw new Error(`${text(whole.state)}\n${text(rest.state)}`)
      }
      if (text(whole.leafFields) !== text(rest.leafFields)) throw new Error('leaf')
      if (inputsDigest(whole.inputs) !== inputsDigest(rest.inputs)) throw new Error('inputs')
    },
    Math.ceil(CASES / 3),
  )
})

t.test('pure: order of epochs, events and keys changes nothing, arguments stay as they are', async (t) => {
  await holds(
    t,
    'shuffled arguments',
    fc.tuple(history, context, fc.nat()),
    ([epochs, ctx, turn]) => {
      const before = text(epochs)
      const first = foldAsset(emptyAssetState(), epochs, ctx)
      if (text(epochs) !== before) throw new Error('the epochs were changed')
      const at = turn % epochs.length
      const turned = [...epochs.slice(at), ...epochs.slice(0, at)].map((facts) => ({
        ...(Object.fromEntries(Object.entries(facts).reverse()) as EpochFacts),
        events: [...facts.events].reverse(),
        metrics: Object.fromEntries(Object.entries(facts.metrics).reverse()),
      }))
      const again = foldAsset(emptyAssetState(), turned, ctx)
      if (!sameBytes(encodeAssetState(first.state), encodeAssetState(again.state))) throw new Error('state')
      if (text(first.leafFields) !== text(again.leafFields)) throw new Error('leaf')
      const kept = text(first.state)
      foldAsset(first.state, [epoch(200_000, { lengthS: 4 * 3600, events: [xid(79)] })], ctx)
      if (text(first.state) !== kept) throw new Error('the state was changed')
    },
    Math.ceil(CASES / 3),
  )
})

t.test('any history gives valid inputs, a packable leaf and a canonical state', async (t) => {
  await holds(
    t,
    'bounds',
    fc.tuple(history, context),
    ([epochs, ctx]) => {
      const { state, inputs, score, status, leafFields } = foldAsset(emptyAssetState(), epochs, ctx)
      const parsed = parseScoreInput(inputs)
      if ('errors' in parsed) throw new Error(parsed.errors.map(String).join())
      if (inputsDigest(parsed.input) !== inputsDigest(inputs))
        throw new Error('inputs are not in parsed form')
      packReasons(leafFields.reasons)
      packTriggers(leafFields.triggers)
      const same: AssetState = decodeAssetState(encodeAssetState(state))
      if (!sameBytes(encodeAssetState(same), encodeAssetState(state))) throw new Error('codec')
      if (score.reasons.length > 4 || leafFields.status !== status.status) throw new Error('leaf')
      if (leafFields.observedAt === 0 && ![0, 3, 6, 7].includes(status.status)) {
        throw new Error(`never heard, yet status ${status.status}`)
      }
      if (state.buckets.length > 121) throw new Error(`${state.buckets.length} buckets`)
    },
    CASES,
  )
})

t.test('XIDs of applications change nothing', async (t) => {
  const scored = new Set(Object.values(CHS1.xid).flat())
  await holds(
    t,
    'any code without an effect',
    fc.tuple(
      history,
      context,
      fc.array(
        fc.integer({ min: 0, max: 400 }).filter((code) => !scored.has(code)),
        { minLength: 1, maxLength: 5 },
      ),
      fc.nat(),
    ),
    ([epochs, ctx, codes, at]) => {
      const noisy = epochs.map((facts, i) =>
        i === at % epochs.length ? { ...facts, events: [...facts.events, ...codes.map(xid)] } : facts,
      )
      const quiet = foldAsset(emptyAssetState(), epochs, ctx)
      const loud = foldAsset(emptyAssetState(), noisy, ctx)
      if (!sameBytes(encodeAssetState(quiet.state), encodeAssetState(loud.state))) throw new Error(`${codes}`)
      if (text(quiet.leafFields) !== text(loud.leafFields)) throw new Error(`${codes}`)
    },
    Math.ceil(CASES / 3),
  )
})

t.test('a further bad epoch never raises the score', async (t) => {
  const bad: [string, EpochShape][] = [
    ['silence', { rows: [], lengthS: 4 * 3600 }],
    ['uncontained error', { rows: [], events: [xid(95)], lengthS: 4 * 3600 }],
    ['remap failure', { rows: [], events: [xid(64)], lengthS: 4 * 3600 }],
    ['bus drop', { rows: [], events: [xid(79)], lengthS: 4 * 3600 }],
  ]
  for (const [name, one] of bad) {
    await holds(
      t,
      `${name} in an epoch in which nothing else was seen`,
      fc.tuple(history, context),
      ([epochs, ctx]) => {
        const n = (epochs.at(-1) as EpochFacts).n + 1
        const good = foldAsset(
          emptyAssetState(),
          [...epochs, epoch(n, { lengthS: 4 * 3600, rows: [], served: false })],
          ctx,
        )
        const worse = foldAsset(emptyAssetState(), [...epochs, epoch(n, { ...one, served: false })], ctx)
        if (worse.score.score > good.score.score)
          throw new Error(`${worse.score.score} > ${good.score.score}`)
        const served = foldAsset(emptyAssetState(), [...epochs, epoch(n, one)], ctx)
        if (served.status.status === 1 && good.status.status !== 1) throw new Error('turned healthy')
      },
      Math.ceil(CASES / 6),
    )
  }
})
