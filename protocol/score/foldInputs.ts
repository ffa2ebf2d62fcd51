import type { AssetState, Signal } from './assetState.ts'
import { windowSums } from './buckets.ts'
import { dayCounts } from './eventDays.ts'
import type { FoldContext } from './foldContext.ts'
import type { BoardClass, ScoreField, ScoreInput } from './scoreInput.ts'

/** No count of a score input is larger; lifetime counters of a broken board may be. */
const MOST_COUNT = 10_000_000
const MOST_DAYS = 36_500

/**
 * The CHS-1 inputs that a state stands for. Performance and place have no source yet: null, never measured. `level` is
 * the assurance level in force.
 */
export function foldInputs(state: AssetState, ctx: FoldContext, level: number): ScoreInput {
  const { methodology } = ctx
  const heard = state.observedAtS > 0
  const sums = windowSums(state.buckets)
  const counts = dayCounts(state.days, state.nowS, methodology)
  const cls = ctx.cls ?? inferredClass(state)
  const { ecc, remap, pending, remapFail, sram } = state.signals
  const known = (signal: Signal) => signal.mode === 1 && signal.withheldS < methodology.status.withheldS
  // without a working counter a count of errors is a lower bound, and stands only where the board has no counter
  const errors = (count: number) => {
    if (known(ecc)) return count
    return ecc.mode === 2 && cls === 'consumer' && count > 0 ? count : null
  }
  const flag = (signal: Signal) => (signal.flag === 1 ? true : known(signal) ? false : null)
  const share = (met: number, judged: number, scale: number) =>
    judged === 0 ? null : Math.floor((met * scale) / judged)
  const input: Omit<ScoreInput, 'unsupported'> = {
    assurance: heard ? (methodology.authenticity.gradeOfLevel[level] ?? 0) : null,
    hbExpected: heard ? sums.expected : null,
    hbValid: heard ? sums.answered : null,
    hbExcused: heard ? sums.excused : null,
    hoursSinceHb: heard ? Math.min(1_000_000, Math.floor(state.silentUnexcusedS / 3600)) : null,
    cls,
    ageDays: clamp(ctx.ageDays, MOST_DAYS),
    ueUnmit90: errors(counts.ueUnmit90),
    ueUnmit365: errors(counts.ueUnmit365),
    ueMit90: errors(counts.ueMit90),
    remaps: known(remap) ? remapsOf(state) : null,
    remapPending: known(pending) ? pending.flag === 1 : null,
    remapFail: flag(remapFail),
    xid79_90: heard ? counts.xid79_90 : null,
    nvlink30: heard ? counts.nvlink30 : null,
    gsp30: heard ? counts.gsp30 : null,
    sramThreshold: flag(sram),
    hotBp: share(sums.hotMet, sums.hotJudged, 10_000),
    slowBp: share(sums.slowMet, sums.slowJudged, 10_000),
    perfBp: null,
    perfAgeDays: null,
    utilBp: share(sums.useSum, sums.useCount, 100),
    incomeVerified: false,
    loc: null,
    locAgeDays: null,
    monthsSinceLaunch: clamp(ctx.monthsSinceLaunch, 1200),
    identityConflict: ctx.identityConflict || state.latches.some(({ name }) => name === 'identity'),
  }
  return { ...input, unsupported: unsupportedOf(state, input) }
}

/** Whether the board has data-centre memory protection, by what its driver reports; null until it said so. */
function inferredClass(state: AssetState): BoardClass | null {
  const { mode } = state.signals.remap
  return mode === 1 ? 'dc' : mode === 2 ? 'consumer' : null
}

function remapsOf({ lifetime }: AssetState): number {
  const rows = (lifetime.remappedRowsCorrected ?? 0) + (lifetime.remappedRowsUncorrected ?? 0)
  const pages = (lifetime.retiredPagesSbe ?? 0) + (lifetime.retiredPagesDbe ?? 0)
  return Math.min(MOST_COUNT, rows + pages)
}

const SIGNAL_FIELDS = {
  ecc: ['ueMit90', 'ueUnmit365', 'ueUnmit90'],
  remap: ['remaps'],
  pending: ['remapPending'],
  remapFail: ['remapFail'],
  sram: ['sramThreshold'],
} as const

function unsupportedOf(state: AssetState, input: Omit<ScoreInput, 'unsupported'>): ScoreField[] {
  const fields: ScoreField[] = []
  for (const [name, list] of Object.entries(SIGNAL_FIELDS)) {
    if (state.signals[name as keyof typeof SIGNAL_FIELDS].mode !== 2) continue
    for (const field of list) if (input[field] === null) fields.push(field)
  }
  return fields.sort()
}

function clamp(value: number | null, most: number): number | null {
  return value === null ? null : Math.min(most, value)
}
