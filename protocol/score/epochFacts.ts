import type { Cell } from '../wire/cell.ts'
import type { EventName } from '../wire/eventCodes.ts'
import type { MetricName } from '../wire/metrics.ts'
import type { Methodology } from './methodologyTypes.ts'

/** What one metric of one asset showed in one epoch; extremes are over cells with a value. */
export type MetricFacts = {
  count: number
  min: number
  max: number
  last: number
  /** Cells below the highest value seen before them in this epoch, in log order. */
  falls: number
  unsupported: number
  forbidden: number
  absent: number
  error: number
}

/** One event of the asset; the order of events within an epoch carries no meaning. */
export type EventFact = { readonly name: EventName; readonly detail: readonly number[] }

/** Samples that could be judged for a condition, and those that met it. */
export type ShareFacts = { judged: number; met: number }

/**
 * Everything that the fold needs of one asset and one existing epoch. Filled by `observe` and `observeEvent` in log
 * order; never holds raw samples.
 */
export type EpochFacts = {
  readonly n: number
  readonly startS: number
  readonly lengthS: number
  /** K of the named ack lists say that their nodes were ingesting. */
  served: boolean
  /** The silence of this epoch is one of the whole site. */
  siteExcused: boolean
  /** The bound agent delivered an entry that is not late. */
  agentAlive: boolean
  /** Rows with at least one value, by whether their entry was late. */
  samples: { fresh: number; late: number }
  /** Sample time in seconds of the newest row that is not late; 0 for none. */
  lastFreshS: number
  metrics: Partial<Record<MetricName, MetricFacts>>
  hot: ShareFacts
  slow: ShareFacts
  /** Utilization samples and the sum of their percents. */
  use: { count: number; sum: number }
  /** Newest thermal limits of this epoch: some sources read them less often than temperatures. */
  limits: Partial<Record<MetricName, number>>
  events: EventFact[]
}

/** Counters and states that the fold carries; a negative value of one is an error, never a count. */
export const SCORED_METRICS: readonly MetricName[] = [
  'eccModeCurrent',
  'eccUncorrectedVolatileTotal',
  'eccCorrectedAggregateTotal',
  'eccUncorrectedAggregateTotal',
  'eccSramCorrectedAggregate',
  'eccSramUncorrectedAggregate',
  'eccSramThresholdExceeded',
  'remappedRowsCorrected',
  'remappedRowsUncorrected',
  'remappedRowsPending',
  'remappedRowsFailure',
  'retiredPagesSbe',
  'retiredPagesDbe',
  'retiredPagesPending',
]

const LIMITS = ['temperatureSlowdownC', 'temperatureGpuMaxC', 'temperatureMemoryMaxC'] as const

/** Facts of an epoch in which nothing was seen yet. */
export function emptyEpochFacts(at: {
  readonly n: number
  readonly startS: number
  readonly lengthS: number
  readonly served: boolean
  readonly siteExcused?: boolean
  readonly agentAlive?: boolean
}): EpochFacts {
  return {
    n: at.n,
    startS: at.startS,
    lengthS: at.lengthS,
    served: at.served,
    siteExcused: at.siteExcused ?? false,
    agentAlive: at.agentAlive ?? false,
    samples: { fresh: 0, late: 0 },
    lastFreshS: 0,
    metrics: {},
    hot: { judged: 0, met: 0 },
    slow: { judged: 0, met: 0 },
    use: { count: 0, sum: 0 },
    limits: {},
    events: [],
  }
}

/**
 * Adds one sample row of the asset, in log order. `atS` is the row's own sample time in seconds; the epoch's bounds
 * clamp it. A row without any value is no sample: it only counts why values are missing.
 */
export function observe(
  facts: EpochFacts,
  row: Readonly<Partial<Record<MetricName, Cell>>>,
  at: { readonly atS: number; readonly late: boolean },
  methodology: Methodology,
): void {
  let values = 0
  for (const name in row) if (row[name as MetricName]?.presence === 'value') values++
  for (const name of SCORED_METRICS) {
    const cell = row[name]
    if (cell) addCell(facts, name, cell)
  }
  judgeHeat(facts, row, methodology)
  const use = numberOf(row.utilizationGpuPct)
  if (use !== null && use >= 0 && use <= 100) {
    facts.use.count++
    facts.use.sum += use
  }
  const reasons = numberOf(row.clocksEventReasons)
  if (reasons !== null && reasons >= 0) {
    facts.slow.judged++
    // the mask of NVML has bits above 31: no 32-bit operator on the whole of it
    if (((reasons % 0x1_0000) & methodology.thermal.slowMask) !== 0) facts.slow.met++
  }
  if (values === 0) return
  if (at.late) {
    facts.samples.late++
    return
  }
  facts.samples.fresh++
  const clamped = Math.min(Math.max(at.atS, facts.startS), facts.startS + facts.lengthS)
  if (clamped > facts.lastFreshS) facts.lastFreshS = clamped
}

/** Adds one event of the asset. */
export function observeEvent(facts: EpochFacts, event: EventFact): void {
  facts.events.push({ name: event.name, detail: [...event.detail] })
}

function addCell(facts: EpochFacts, name: MetricName, cell: Cell): void {
  facts.metrics[name] ??= {
    count: 0,
    min: 0,
    max: 0,
    last: 0,
    falls: 0,
    unsupported: 0,
    forbidden: 0,
    absent: 0,
    error: 0,
  }
  const metric = facts.metrics[name]
  if (cell.presence !== 'value') {
    metric[cell.presence]++
    return
  }
  if (cell.value < 0) {
    metric.error++
    return
  }
  if (metric.count === 0) {
    metric.min = cell.value
    metric.max = cell.value
  } else {
    if (cell.value < metric.max) metric.falls++
    metric.min = Math.min(metric.min, cell.value)
    metric.max = Math.max(metric.max, cell.value)
  }
  metric.count++
  metric.last = cell.value
}

/**
 * Hot: within the margin of the slowdown threshold, at the highest operating temperature, or within the margin of the
 * memory limit. The driver's own margin decides where it exists: newer boards give limits as offsets from it, which
 * are zero or negative and no temperatures.
 */
function judgeHeat(
  facts: EpochFacts,
  row: Readonly<Partial<Record<MetricName, Cell>>>,
  methodology: Methodology,
): void {
  for (const name of LIMITS) {
    const limit = numberOf(row[name])
    if (limit !== null && limit > 0) facts.limits[name] = limit
  }
  const near = methodology.thermal.hotMarginC
  const margin = numberOf(row.temperatureMarginC)
  const gpu = numberOf(row.temperatureGpuC)
  const memory = numberOf(row.temperatureMemoryC)
  const { temperatureSlowdownC, temperatureGpuMaxC, temperatureMemoryMaxC } = facts.limits
  const verdicts: boolean[] = []
  if (margin !== null) verdicts.push(margin <= near)
  else if (gpu !== null) {
    if (temperatureSlowdownC !== undefined) verdicts.push(gpu >= temperatureSlowdownC - near)
    if (temperatureGpuMaxC !== undefined) verdicts.push(gpu >= temperatureGpuMaxC)
  }
  if (memory !== null && temperatureMemoryMaxC !== undefined) {
    verdicts.push(memory >= temperatureMemoryMaxC - near)
  }
  if (verdicts.length === 0) return
  facts.hot.judged++
  if (verdicts.includes(true)) facts.hot.met++
}

function numberOf(cell: Cell | undefined): number | null {
  return cell?.presence === 'value' ? cell.value : null
}
