import type { AssetState } from './assetState.ts'
import { rawClass } from './debounce.ts'
import { isLatched } from './latches.ts'
import type { Factor, Methodology } from './methodologyTypes.ts'
import { NOT_MEASURED_REASON } from './notMeasured.ts'
import type { ReasonCode } from './reasons.ts'
import { STATUS, type Status } from './statuses.ts'

/** What the status of an asset depends on besides its carried state. */
export type StatusFacts = {
  readonly retired: boolean
  /** Assurance level in force and the lowest that the feed takes. */
  readonly level: number
  readonly minLevel: number
  /** Mandatory factors of the feed that were never measured. */
  readonly missing: readonly Factor[]
  readonly scoreBp: number
}

/** The parts of the carried state that decide a status. */
export type StatusCarried = Pick<AssetState, 'latches' | 'observedAtS' | 'silentS' | 'shown'>

export type StatusResult = {
  readonly status: Status
  /** Why, most telling first; empty when the score alone decides. */
  readonly why: readonly ReasonCode[]
}

/** The status table of PROTOCOL §7: the first row that matches wins. Pure. */
export function status(facts: StatusFacts, carried: StatusCarried, methodology: Methodology): StatusResult {
  if (facts.retired) return { status: STATUS.Retired, why: ['S08'] }
  const tampered: ReasonCode[] = []
  if (isLatched(carried, 'identity')) tampered.push('I01')
  if (isLatched(carried, 'fork')) tampered.push('I04')
  if (isLatched(carried, 'rollback')) tampered.push('I03')
  if (tampered.length > 0) return { status: STATUS.Tampered, why: tampered }
  if (isLatched(carried, 'relocated')) return { status: STATUS.Relocated, why: ['S06'] }
  if (isLatched(carried, 'missing')) return { status: STATUS.Missing, why: ['S07'] }
  const gates: ReasonCode[] = []
  if (isLatched(carried, 'remapFailure')) gates.push('H01')
  if (isLatched(carried, 'busDrop')) gates.push('H09')
  if (isLatched(carried, 'sramThreshold')) gates.push('H10')
  if (isLatched(carried, 'stuck')) gates.push('S04')
  if (isLatched(carried, 'absent')) gates.push('S05')
  if (gates.length > 0) return { status: STATUS.Critical, why: gates }
  const unknown = unknownWhy(facts, carried, methodology)
  if (unknown.length > 0) return { status: STATUS.Unknown, why: unknown }
  const shown = carried.shown === 0 ? rawClass(facts.scoreBp, methodology) : carried.shown
  return { status: shown, why: [] }
}

/**
 * Why an asset is Unknown, whatever latches stand beside it: no fresh sample, a mandatory factor never measured, or a
 * level below the feed's minimum. Empty: it is known.
 */
export function unknownWhy(
  facts: Pick<StatusFacts, 'level' | 'minLevel' | 'missing'>,
  carried: Pick<AssetState, 'observedAtS' | 'silentS'>,
  methodology: Methodology,
): ReasonCode[] {
  const why: ReasonCode[] = []
  if (carried.observedAtS === 0 || carried.silentS >= methodology.status.freshS) why.push('S01')
  if (facts.missing.length > 0) {
    why.push('S02', ...facts.missing.map((factor) => NOT_MEASURED_REASON[factor]))
  }
  if (facts.level < facts.minLevel) why.push('S03')
  return why
}
