import type { LatchName } from './assetState.ts'
import type { Methodology, ProfileName } from './methodologyTypes.ts'
import type { BoardClass } from './scoreInput.ts'

/** What a fold knows of an asset besides its telemetry: from the chain view, the admission and appraisal. */
export type FoldContext = {
  readonly methodology: Methodology
  readonly profile: ProfileName
  /** Assurance level reached, 0 … 6. */
  readonly level: number
  /** Time of the evidence of the level in seconds; null when the level rests on no evidence that ages. */
  readonly levelObservedS: number | null
  /** Null: inferred from what the driver reports. */
  readonly cls: BoardClass | null
  readonly ageDays: number | null
  readonly monthsSinceLaunch: number | null
  readonly retired: boolean
  /** Two agent-signed headers at one position of the bound agent's log. */
  readonly fork: boolean
  readonly identityConflict: boolean
  /** A new generation is an RMA: history, gates and debounce start anew. */
  readonly generation: number
  /** Latches that a resolution of M report keys (or consent, where PROTOCOL §7 names it) ends in this round. */
  readonly release?: readonly LatchName[]
}
