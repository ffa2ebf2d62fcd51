import { TRIGGER_NAMES, TRIGGER_STATES } from '../wire/leafFields.ts'
import type { AssetState } from './assetState.ts'
import type { ScoreResult } from './chs1.ts'
import type { FoldContext } from './foldContext.ts'
import { foldTriggers } from './foldTriggers.ts'
import type { ReasonCode } from './reasons.ts'
import { MOST_REASONS } from './scoreReasons.ts'
import type { StatusResult } from './status.ts'
import { STATUS } from './statuses.ts'

/** The fields of a leaf that a fold decides; reasons and triggers still unpacked. */
export type LeafFields = {
  /** Seconds; 0 for never. */
  readonly observedAt: number
  readonly scoreBp: number
  readonly status: number
  readonly level: number
  readonly confidenceBp: number
  /** At most four wire codes: why of the status, then the score's gate, then its largest shortfalls. */
  readonly reasons: number[]
  /** 0n: none; the value of an asset is a separate object. */
  readonly recoverableValueCents: bigint
  /** Eight trigger states in the order of PROTOCOL §6. */
  readonly triggers: number[]
}

/** Puts a leaf's fields together. At L0 the assurance reasons say that the host vouches for itself; a counter that once
 * went backwards stays named. */
export function leafFields(
  state: AssetState,
  score: ScoreResult,
  result: StatusResult,
  level: number,
  unknown: boolean,
  { methodology, retired }: FoldContext,
): LeafFields {
  const triggers = foldTriggers(state, unknown, retired, methodology)
  const codes: ReasonCode[] = [...result.why]
  const monitoring = TRIGGER_STATES[triggers[TRIGGER_NAMES.indexOf('monitoring')] ?? 0]
  if (monitoring === 'PENDING') codes.splice(1, 0, 'M01')
  if (monitoring === 'CONFIRMED') codes.splice(1, 0, 'M02')
  for (const { code } of score.reasons)
    codes.push(level === 0 && (code === 'A01' || code === 'A02') ? 'A03' : code)
  const rolledBack = state.rollbackEpochs > 0 && result.status !== STATUS.Tampered
  if (rolledBack) codes.splice(Math.min(codes.length, MOST_REASONS - 1), 0, 'I03')
  return {
    observedAt: state.observedAtS,
    scoreBp: score.score,
    status: result.status,
    level,
    confidenceBp: score.confidenceBp,
    reasons: [...new Set(codes)].slice(0, MOST_REASONS).map((code) => methodology.reasons[code].wire),
    recoverableValueCents: 0n,
    triggers,
  }
}
