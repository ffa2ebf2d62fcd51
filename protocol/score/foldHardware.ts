import { METRICS, type MetricName } from '../wire/metrics.ts'
import type { AssetState, SignalName } from './assetState.ts'
import type { EpochFacts } from './epochFacts.ts'
import { dayOf, reclassify, type XidFindings, xidFindings } from './eventDays.ts'
import type { Methodology } from './methodologyTypes.ts'

const LIFETIME: readonly MetricName[] = METRICS.filter(({ kind }) => kind === 'lifetime').map(
  ({ name }) => name,
)

/** The metrics that answer each signal; one value among them is enough. */
const SIGNAL_METRICS: Readonly<Record<SignalName, readonly MetricName[]>> = {
  ecc: ['eccUncorrectedAggregateTotal', 'eccUncorrectedVolatileTotal'],
  remap: ['remappedRowsUncorrected', 'retiredPagesDbe'],
  pending: ['remappedRowsPending', 'retiredPagesPending'],
  remapFail: ['remappedRowsFailure', 'retiredPagesDbe'],
  sram: ['eccSramThresholdExceeded'],
}

/** What the hardware of an epoch showed beyond the state that it left. */
export type HardwareFindings = { readonly busDrop: boolean; readonly rolledBack: boolean }

/**
 * Folds counters, states and XIDs of one epoch into the state. Runs for every existing epoch, served or not, and for
 * late samples: findings about the hardware need no presence.
 */
export function foldHardware(
  state: AssetState,
  facts: EpochFacts,
  methodology: Methodology,
): HardwareFindings {
  const xids = xidFindings(facts, methodology)
  const rise = foldLifetime(state, facts)
  foldSignals(state, facts)
  foldGates(state, facts, xids, methodology)
  const repaired = xids.mitigated || (rise.repairs > 0 && !xids.remapFailure)
  foldMemoryErrors(state, facts, xids, rise, repaired, methodology)
  if (xids.link) dayOf(state, facts, methodology).link = 1
  if (xids.firmware) dayOf(state, facts, methodology).firmware = 1
  const busDrop = xids.busDrop && state.busOpen === 0
  if (busDrop) dayOf(state, facts, methodology).bus++
  if (xids.busDrop) state.busOpen = 1
  else if (facts.samples.fresh > 0) state.busOpen = 0
  if (rise.rolledBack) state.rollbackEpochs++
  return { busDrop, rolledBack: rise.rolledBack }
}

type Rise = {
  readonly rolledBack: boolean
  /** New uncorrectable errors and new repairs of such errors since the last epoch with values. */
  readonly errors: number
  readonly repairs: number
  /** Uncorrectable errors that the first sample ever already showed and that no repair explains. */
  readonly before: boolean
}

function foldLifetime(state: AssetState, facts: EpochFacts): Rise {
  let rolledBack = false
  const rises: Partial<Record<MetricName, number>> = {}
  let before = false
  for (const name of LIFETIME) {
    const seen = facts.metrics[name]
    if (!seen || seen.count === 0) continue
    const most = state.lifetime[name]
    if (seen.falls > 0 || (most !== undefined && seen.min < most)) rolledBack = true
    state.lifetime[name] = Math.max(most ?? 0, seen.max)
    if (most !== undefined) rises[name] = Math.max(0, seen.max - most)
    else if (name === 'eccUncorrectedAggregateTotal' && seen.min > 0) {
      const repaired = facts.metrics.remappedRowsUncorrected?.max ?? facts.metrics.retiredPagesDbe?.max ?? 0
      before = seen.min > repaired
    }
  }
  const sinceDriverLoad = volatileRise(state, facts)
  return {
    rolledBack,
    errors: rises.eccUncorrectedAggregateTotal ?? sinceDriverLoad,
    repairs: (rises.remappedRowsUncorrected ?? 0) + (rises.retiredPagesDbe ?? 0),
    before,
  }
}

/** The volatile count starts again with the driver: only what it shows above its last value is new. */
function volatileRise(state: AssetState, facts: EpochFacts): number {
  const seen = facts.metrics.eccUncorrectedVolatileTotal
  if (!seen || seen.count === 0) return 0
  const last = state.volatileErrors
  state.volatileErrors = seen.last
  if (last < 0) return seen.max - seen.min
  const restarted = seen.min < last || seen.falls > 0
  return Math.max(0, seen.max - last, restarted ? seen.last : 0)
}

function foldSignals(state: AssetState, facts: EpochFacts): void {
  for (const [name, metrics] of Object.entries(SIGNAL_METRICS) as [SignalName, readonly MetricName[]][]) {
    const signal = state.signals[name]
    const seen = metrics.map((metric) => facts.metrics[metric])
    if (seen.some((metric) => (metric?.count ?? 0) > 0)) {
      signal.mode = 1
      signal.withheldS = 0
    } else if (facts.samples.fresh === 0) {
      // a silent device withholds nothing: its silence is judged by presence
    } else if (signal.mode === 1) {
      if (facts.served) signal.withheldS += facts.lengthS
    } else if (
      seen.some((metric) => (metric?.unsupported ?? 0) > 0) &&
      seen.every((metric) => (metric?.error ?? 0) + (metric?.forbidden ?? 0) === 0)
    ) {
      signal.mode = 2
    }
  }
}

function foldGates(state: AssetState, facts: EpochFacts, xids: XidFindings, { status }: Methodology): void {
  const { metrics } = facts
  const { pending, remapFail, sram } = state.signals
  const waits = [metrics.remappedRowsPending, metrics.retiredPagesPending].filter((m) => (m?.count ?? 0) > 0)
  if (waits.length > 0) pending.flag = waits.some((m) => (m?.max ?? 0) > 0) ? 1 : 0
  const retired = (state.lifetime.retiredPagesSbe ?? 0) + (state.lifetime.retiredPagesDbe ?? 0)
  const failed =
    xids.remapFailure ||
    (metrics.remappedRowsFailure?.max ?? 0) > 0 ||
    retired >= status.retiredPagesFailure ||
    facts.events.some((event) => event.name === 'remap_failed')
  if (failed) remapFail.flag = 1
  if ((metrics.eccSramThresholdExceeded?.max ?? 0) > 0) sram.flag = 1
}

function foldMemoryErrors(
  state: AssetState,
  facts: EpochFacts,
  xids: XidFindings,
  rise: Rise,
  repaired: boolean,
  methodology: Methodology,
): void {
  const counted = rise.errors > 0 || rise.repairs > 0
  if (!(counted || rise.before || xids.mitigated || xids.unmitigated || xids.open)) return
  const row = dayOf(state, facts, methodology)
  // counters follow their XID by up to some samples: an error of yesterday or today explains them
  const explained = state.days.some(
    (day) => day.day >= row.day - 1 && day.hard + day.open + day.mitigated > 0,
  )
  if (xids.unmitigated) row.hard = 1
  if (xids.mitigated || (repaired && xids.open)) row.mitigated = 1
  else if (xids.open) row.open = 1
  if (counted && !explained && !xids.unmitigated && !xids.mitigated && !xids.open) {
    if (repaired) row.mitigated = 1
    else row.open = 1
  }
  if (rise.before) row.prior = 1
  if (repaired) reclassify(state, facts, methodology)
}
