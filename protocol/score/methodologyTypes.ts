import type { ReasonCode } from './reasons.ts'
import type { Resolved, ScoreField } from './scoreInput.ts'

/** Factors of CHS-1: authenticity, presence, hardware, thermal, performance, use, geography, obsolescence. */
export type Factor = 'A' | 'L' | 'H' | 'T' | 'P' | 'U' | 'G' | 'O'

/** Factors in the order of the methodology. */
export const FACTORS: readonly Factor[] = ['A', 'L', 'H', 'T', 'P', 'U', 'G', 'O']

/** Points (x, y) of a piecewise-linear curve, ascending in x; whole numbers only. */
export type Knots = readonly (readonly [x: number, y: number])[]

/** Where an input or a result comes from; two kinds are never merged silently. */
export type Tag = 'measured' | 'modelled' | 'declared' | 'not-measured'

/** One input of a hazard family: the multiplier of the last step whose count is reached; null takes the last step. */
export type HazardRule = {
  readonly field: ScoreField
  readonly steps: Knots
  readonly reason: ReasonCode
}

/** A positive finding that caps the hardware sub-score. */
export type HardwareGate = {
  readonly field: ScoreField
  readonly at: number
  readonly cap: number
  readonly reason: ReasonCode
}

/** What a feed asks of its assets before it says anything but Unknown (PROTOCOL §7). */
export type Profile = {
  readonly mandatory: readonly Factor[]
  /** Lowest assurance level that the feed takes. */
  readonly minLevel: number
}

export type ProfileName = 'production' | 'up'

/** What one XID code means for the hazard model; codes that no list names change nothing. */
export type XidEffects = {
  /** Uncorrectable memory error that the device contained or repaired. */
  readonly mitigated: readonly number[]
  /** Uncorrectable memory error that it did not contain. */
  readonly unmitigated: readonly number[]
  /** Unmitigated until a successful remap follows within `reclassS`. */
  readonly open: readonly number[]
  readonly remapFailure: readonly number[]
  readonly busDrop: readonly number[]
  readonly link: readonly number[]
  readonly firmware: readonly number[]
}

/** A whole methodology as data: what its hash on chain commits to. Whole numbers, texts, booleans and lists only. */
export type Methodology = {
  readonly id: string
  readonly version: number
  readonly weights: Readonly<Record<Factor, number>>
  readonly grades: readonly { readonly grade: string; readonly from: number }[]
  readonly authenticity: {
    readonly subscore: readonly number[]
    /** Cap of the total per authenticity grade; 10000 is no cap. */
    readonly cap: readonly number[]
    /** Authenticity grade per assurance level 0 … 6. */
    readonly gradeOfLevel: readonly number[]
  }
  readonly presence: { readonly up: Knots; readonly gapHours: Knots; readonly excusedMostBp: number }
  readonly hazard: {
    readonly base: Readonly<Record<'dc' | 'consumer', number>>
    readonly ageDays: Knots
    readonly families: readonly { readonly name: string; readonly rules: readonly HazardRule[] }[]
    readonly most: number
    readonly pd12m: Knots
    readonly subscore: Knots
    readonly gates: readonly HardwareGate[]
  }
  /** Inputs that a class of board may lack by design, and the cap of H when the driver says that it does. */
  readonly unsupported: {
    readonly fields: Readonly<Record<'dc' | 'consumer', readonly ScoreField[]>>
    readonly hardwareCap: number
  }
  readonly thermal: {
    readonly hot: Knots
    readonly slow: Knots
    /** A sample is hot within this many degrees of the slowdown threshold. */
    readonly hotMarginC: number
    /** Bits of `clocksEventReasons` that mean slowdown by heat, power brake or hardware. */
    readonly slowMask: number
  }
  readonly performance: { readonly ratio: Knots; readonly staleDays: Knots }
  readonly use: { readonly paid: Knots; readonly unverifiedCap: number }
  readonly geography: { readonly days: Knots; readonly suspectCap: number }
  readonly obsolescence: { readonly months: Knots }
  readonly caps: {
    /** Total <= floor + slope x subscore / 10000 for each of these factors. */
    readonly linear: { readonly factors: readonly Factor[]; readonly floor: number; readonly slope: number }
    readonly identityConflict: number
    /** Total cap for a never-measured factor that the profile demands. */
    readonly mandatoryNotMeasured: number
    /** Total cap for a never-measured factor that the profile does not demand. */
    readonly notMeasured: Readonly<Record<Factor, number>>
  }
  readonly confidence: {
    readonly trustOfTag: Readonly<Record<Tag, number>>
    readonly evidenceOfGrade: readonly number[]
    readonly exposure: Knots
    readonly lowBelow: number
  }
  readonly tags: Readonly<Record<ScoreField, Tag>>
  /** What a null field counts as: the worst value that it allows. */
  readonly worst: Resolved
  /**
   * The inputs that make a factor measured: `every` one of them must be there, or at least one. With one missing the
   * factor is tagged modelled.
   */
  readonly essential: Readonly<
    Record<Factor, { readonly fields: readonly ScoreField[]; readonly every: boolean }>
  >
  readonly profiles: Readonly<Record<ProfileName, Profile>>
  readonly xid: XidEffects
  readonly windows: {
    readonly bucketS: number
    readonly presenceS: number
    readonly eventDayS: number
    readonly shortDays: number
    readonly midDays: number
    readonly longDays: number
    readonly reclassS: number
  }
  readonly status: {
    readonly freshS: number
    readonly levelTtlS: number
    readonly critical: number
    readonly degraded: number
    readonly worseMargin: number
    readonly betterMargin: number
    readonly debounceEpochs: number
    readonly rollbackEpochs: number
    readonly absentS: number
    readonly cleanS: number
    /** Served seconds under a reporting device without a value of a signal, after which the signal is not measured. */
    readonly withheldS: number
    readonly retiredPagesFailure: number
  }
  readonly monitoring: {
    readonly pendingS: number
    readonly confirmedS: number
    readonly excusedMostS: number
  }
  readonly loss: { readonly watchS: number; readonly pendingS: number; readonly confirmedS: number }
  readonly reasons: Readonly<
    Record<ReasonCode, { readonly wire: number; readonly text: string; readonly remedy: string }>
  >
}
