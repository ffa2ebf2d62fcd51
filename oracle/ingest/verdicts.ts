/**
 * What ingest finds against an authentic entry. Such an entry is archived and acked like any other; it contributes
 * nothing to a score. Codes are stored and never reused. The round engine judges again from the bytes.
 */
export const VERDICTS = {
  clean: 0,
  /** One asset in two telemetry segments of one batch. */
  asset_twice: 1,
  /** A segment that is not one of this protocol. */
  segment_malformed: 2,
} as const

export type VerdictName = keyof typeof VERDICTS
