import { protoError } from '../protoErrors.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../wire/cbor.ts'
import { METRICS, type MetricName, metricById, metricByName } from '../wire/metrics.ts'
import { asArray, asInt, asUint, asVersion1 } from '../wire/shape.ts'
import {
  type AssetState,
  type Bucket,
  type EventDay,
  LATCHES,
  type LatchName,
  SIGNALS,
  type Signal,
  type SignalName,
} from './assetState.ts'

const BUCKET = [
  'at',
  'expected',
  'answered',
  'excused',
  'excusedS',
  'hotJudged',
  'hotMet',
  'slowJudged',
  'slowMet',
  'useCount',
  'useSum',
] as const satisfies readonly (keyof Bucket)[]

const DAY = [
  'day',
  'hard',
  'open',
  'mitigated',
  'bus',
  'link',
  'firmware',
  'prior',
] as const satisfies readonly (keyof EventDay)[]

const SCALARS = [
  'generation',
  'lastEpoch',
  'nowS',
  'observedAtS',
  'silentS',
  'silentUnexcusedS',
  'absentS',
  'stuck',
  'unknownS',
  'levelObservedS',
  'levelAgeS',
  'busOpen',
  'volatileErrors',
  'rollbackEpochs',
  'shown',
  'worseRun',
  'worseTo',
  'betterRun',
  'betterTo',
] as const satisfies readonly (keyof AssetState)[]

/** Values that are not simply any unsigned integer. */
const LIMITS: Partial<Record<(typeof SCALARS)[number], readonly [number, number]>> = {
  lastEpoch: [-1, Number.MAX_SAFE_INTEGER],
  volatileErrors: [-1, Number.MAX_SAFE_INTEGER],
  stuck: [0, 1],
  busOpen: [0, 1],
  shown: [0, 3],
}

/** Canonical CBOR of a state: [1, scalars, buckets, days, signals, lifetime maxima by metric id, latches]. */
export function encodeAssetState(state: AssetState): Uint8Array {
  const lifetime = METRICS.map(({ id, name }) => [id, state.lifetime[name]] as const).filter(
    (pair): pair is [number, number] & typeof pair => pair[1] !== undefined,
  )
  return encodeCbor([
    1,
    SCALARS.map((name) => state[name]),
    state.buckets.map((bucket) => BUCKET.map((name) => bucket[name])),
    state.days.map((day) => DAY.map((name) => day[name])),
    SIGNALS.map((name) => signalItems(state.signals[name])),
    lifetime.map(([id, value]) => [id, value]),
    state.latches.map((latch) => [LATCHES.indexOf(latch.name), latch.sinceS, latch.cleanS]),
  ])
}

/**
 * The state of its bytes. The bytes may come from a peer: shape and ranges are checked, their truth only by the root.
 * @throws AssayError PROTO_CBOR or PROTO_SHAPE
 */
export function decodeAssetState(bytes: Uint8Array): AssetState {
  const parts = asArray(decodeCbor(bytes), 'assetState', 7)
  asVersion1(parts[0])
  const scalars = asArray(parts[1], 'assetState.scalars', SCALARS.length)
  const state: Record<string, unknown> = {}
  SCALARS.forEach((name, i) => {
    const [least, most] = LIMITS[name] ?? [0, Number.MAX_SAFE_INTEGER]
    const value = asInt(scalars[i], `assetState.${name}`)
    if (value < least || value > most) throw shape(name, value, `${least} to ${most}`)
    state[name] = value
  })
  state.buckets = rows(parts[2], 'buckets', BUCKET)
  state.days = rows(parts[3], 'days', DAY)
  const signals = asArray(parts[4], 'assetState.signals', SIGNALS.length)
  state.signals = Object.fromEntries(
    SIGNALS.map((name, i): [SignalName, Signal] => [name, signalOf(signals[i])]),
  )
  state.lifetime = lifetimeOf(parts[5])
  state.latches = asArray(parts[6], 'assetState.latches').map((item) => {
    const [name, sinceS, cleanS] = asArray(item, 'assetState.latches', 3).map((n) => asUint(n, 'latches'))
    if (LATCHES[name as number] === undefined) throw shape('latches', name, 'a known latch')
    return { name: LATCHES[name as number] as LatchName, sinceS: sinceS as number, cleanS: cleanS as number }
  })
  return state as AssetState
}

function rows(value: CborValue | undefined, field: string, names: readonly string[]): unknown[] {
  let before = -1
  return asArray(value, `assetState.${field}`).map((item) => {
    const numbers = asArray(item, `assetState.${field}`, names.length).map((n) => asUint(n, field))
    const at = numbers[0] as number
    if (at <= before) throw shape(field, at, `more than ${before}`)
    before = at
    return Object.fromEntries(names.map((name, i) => [name, numbers[i] as number]))
  })
}

function signalItems(signal: Signal): CborValue {
  return [signal.mode, signal.withheldS, signal.flag]
}

function signalOf(value: CborValue | undefined): Signal {
  const [mode, withheldS, flag] = asArray(value, 'assetState.signals', 3).map((n) => asUint(n, 'signals'))
  if (mode !== 0 && mode !== 1 && mode !== 2) throw shape('signals', mode, '0, 1 or 2')
  if (flag !== 0 && flag !== 1) throw shape('signals', flag, '0 or 1')
  return { mode, withheldS: withheldS as number, flag }
}

function lifetimeOf(value: CborValue | undefined): AssetState['lifetime'] {
  const lifetime: Partial<Record<MetricName, number>> = {}
  let before = 0
  for (const item of asArray(value, 'assetState.lifetime')) {
    const [id, most] = asArray(item, 'assetState.lifetime', 2).map((n) => asUint(n, 'lifetime'))
    const name = metricById(id as number)?.name as MetricName | undefined
    if (name === undefined || (id as number) <= before || metricByName(name).kind !== 'lifetime') {
      throw shape('lifetime', id, 'ascending ids of lifetime counters')
    }
    before = id as number
    lifetime[name] = most as number
  }
  return lifetime
}

function shape(field: string, found: number | undefined, wanted: string): Error {
  return protoError('PROTO_SHAPE', { field: `assetState.${field}`, found, wanted })
}
