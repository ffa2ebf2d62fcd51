import type { MetricName } from '../wire/metrics.ts'

/** One six-hour bucket of the 30-day window; all but `at` are sums over its epochs or samples. */
export type Bucket = {
  /** Start of the bucket in seconds divided by its length. */
  readonly at: number
  expected: number
  answered: number
  excused: number
  excusedS: number
  hotJudged: number
  hotMet: number
  slowJudged: number
  slowMet: number
  useCount: number
  useSum: number
}

/** One day with hardware findings; flags are 0 or 1, `bus` counts drops. */
export type EventDay = {
  /** Days of Unix time. */
  readonly day: number
  /** Uncorrectable memory error that nothing mitigates. */
  hard: number
  /** Uncorrectable memory error that a later successful remap may still mitigate. */
  open: number
  mitigated: number
  bus: number
  link: number
  firmware: number
  /** Uncorrectable errors older than the first sample: counted within the long window only. */
  prior: number
}

/** Groups of metrics that answer one question about the hardware. */
export const SIGNALS = ['ecc', 'remap', 'pending', 'remapFail', 'sram'] as const
export type SignalName = (typeof SIGNALS)[number]

/** Whether a signal was never seen (0), has given a value (1), or only `unsupported` (2). */
export type Signal = {
  mode: 0 | 1 | 2
  /** Served seconds under a reporting device in which the signal, once there, gave no value. */
  withheldS: number
  /** 1 while the condition of the signal holds (pending), or for good once it did (remapFail, sram). */
  flag: 0 | 1
}

/** Findings that outlive their evidence (PROTOCOL §7), in the order of the wire. */
export const LATCHES = [
  'fork',
  'rollback',
  'identity',
  'relocated',
  'missing',
  'remapFailure',
  'sramThreshold',
  'busDrop',
  'stuck',
  'absent',
] as const
export type LatchName = (typeof LATCHES)[number]

export type Latch = {
  readonly name: LatchName
  readonly sinceS: number
  /** Served seconds with fresh samples and without a relapse. */
  cleanS: number
}

/** What a round carries of one asset to the next one. Whole numbers only; the codec gives its canonical bytes. */
export type AssetState = {
  generation: number
  /** Newest folded epoch; -1 before the first. */
  lastEpoch: number
  /** Close of the newest served epoch in seconds; 0 before the first. */
  nowS: number
  /** Time of the newest sample that was not late; 0 for never. */
  observedAtS: number
  /** Served seconds since then, all of them and the unexcused ones. */
  silentS: number
  silentUnexcusedS: number
  /** Served seconds without a value while the agent reported. */
  absentS: number
  /** 1 while the last word about the device is that reading it hangs. */
  stuck: 0 | 1
  /** Served, unexcused seconds of Unknown. */
  unknownS: number
  /** Time of the evidence of the level, 0 for none, and served seconds since. */
  levelObservedS: number
  levelAgeS: number
  /** Ascending. */
  buckets: Bucket[]
  days: EventDay[]
  /** 1 from a bus drop until the device answers again. */
  busOpen: 0 | 1
  signals: Record<SignalName, Signal>
  /** Highest value ever seen of each lifetime counter. */
  lifetime: Partial<Record<MetricName, number>>
  /** Last volatile count of uncorrectable errors; -1 for never. */
  volatileErrors: number
  /** Epochs in which a lifetime counter was below its maximum. */
  rollbackEpochs: number
  /** In the order of LATCHES. */
  latches: Latch[]
  /** Debounced status 1, 2 or 3; 0 before the first score. */
  shown: 0 | 1 | 2 | 3
  worseRun: number
  worseTo: number
  betterRun: number
  betterTo: number
}

/** The state before anything was heard of an asset. */
export function emptyAssetState(): AssetState {
  const signal = (): Signal => ({ mode: 0, withheldS: 0, flag: 0 })
  return {
    generation: 0,
    lastEpoch: -1,
    nowS: 0,
    observedAtS: 0,
    silentS: 0,
    silentUnexcusedS: 0,
    absentS: 0,
    stuck: 0,
    unknownS: 0,
    levelObservedS: 0,
    levelAgeS: 0,
    buckets: [],
    days: [],
    busOpen: 0,
    signals: { ecc: signal(), remap: signal(), pending: signal(), remapFail: signal(), sram: signal() },
    lifetime: {},
    volatileErrors: -1,
    rollbackEpochs: 0,
    latches: [],
    shown: 0,
    worseRun: 0,
    worseTo: 0,
    betterRun: 0,
    betterTo: 0,
  }
}

/** An independent copy, so that a fold never changes the state that it was given. */
export function copyAssetState(state: AssetState): AssetState {
  const { signals } = state
  return {
    ...state,
    buckets: state.buckets.map((bucket) => ({ ...bucket })),
    days: state.days.map((day) => ({ ...day })),
    signals: {
      ecc: { ...signals.ecc },
      remap: { ...signals.remap },
      pending: { ...signals.pending },
      remapFail: { ...signals.remapFail },
      sram: { ...signals.sram },
    },
    lifetime: { ...state.lifetime },
    latches: state.latches.map((latch) => ({ ...latch })),
  }
}
