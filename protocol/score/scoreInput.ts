/** Whether the place was last proven inside the agreed region. */
export type LocationVerdict = 'IN' | 'SUSPECT' | 'OUT'

/** Class of the board: data centre or consumer. */
export type BoardClass = 'dc' | 'consumer'

/**
 * Inputs of CHS-1. `null` means never measured (or withheld) and takes the worst value that the field allows. Counts
 * are whole numbers, shares are basis points, windows end at the close of the scored epoch.
 */
export type ScoreInput = {
  /** Authenticity grade 0 … 5 (PROTOCOL §7 maps levels to it). */
  readonly assurance: number | null
  /** Heartbeats (here: epochs) asked for, answered and excused within 30 days. */
  readonly hbExpected: number | null
  readonly hbValid: number | null
  readonly hbExcused: number | null
  /** Whole unexcused hours since the last heartbeat. */
  readonly hoursSinceHb: number | null
  readonly cls: BoardClass | null
  readonly ageDays: number | null
  /** Days with an uncorrectable memory error that was not contained, within 90 and 365 days. */
  readonly ueUnmit90: number | null
  readonly ueUnmit365: number | null
  /** Days with one that was contained or repaired, within 90 days. */
  readonly ueMit90: number | null
  /** Memory rows remapped (or pages retired) over the life of the board. */
  readonly remaps: number | null
  readonly remapPending: boolean | null
  readonly remapFail: boolean | null
  /** Times that it fell off the bus within 90 days. */
  readonly xid79_90: number | null
  /** Days with link errors and with firmware faults, within 30 days. */
  readonly nvlink30: number | null
  readonly gsp30: number | null
  readonly sramThreshold: boolean | null
  readonly hotBp: number | null
  readonly slowBp: number | null
  /** Challenge result against the reference median of the model, and its age. */
  readonly perfBp: number | null
  readonly perfAgeDays: number | null
  /** Paid (here: utilized) share of time. */
  readonly utilBp: number | null
  readonly incomeVerified: boolean | null
  readonly loc: LocationVerdict | null
  readonly locAgeDays: number | null
  readonly monthsSinceLaunch: number | null
  readonly identityConflict: boolean | null
  /**
   * Fields that are null because the driver says that the board has no such counter: ascending names. Honoured only
   * for the fields that the methodology lists for the class; optional on input, always present once parsed.
   */
  readonly unsupported: readonly ScoreField[]
}

/** The names of the fields that are factors' inputs. */
export type ScoreField = Exclude<keyof ScoreInput, 'unsupported'>

/** Inputs with every null replaced by the worst value of its field. */
export type Resolved = { readonly [K in ScoreField]: NonNullable<ScoreInput[K]> }
