/** Bounds of one ingest. */
export type IngestLimits = {
  /** A commit waits for so many verified entries, but at most `commitWaitMs`; it takes up to `commitMost`. */
  readonly commitEntries: number
  readonly commitMost: number
  readonly commitWaitMs: number
  /** Messages and bytes in flight above which `ready` makes the caller wait. */
  readonly queuedEntries: number
  readonly queuedBytes: number
  /** Entries of one agent that may wait for a gap to fill. */
  readonly waitingEntries: number
  /** A gap is told after this long, then again at doubling intervals up to `gapAgainMs`. */
  readonly gapGraceMs: number
  readonly gapAgainMs: number
  /** Rejections of one agent and reason are told once, then summed up at this interval. */
  readonly incidentEveryMs: number
}

export const INGEST_LIMITS: IngestLimits = {
  commitEntries: 64,
  commitMost: 512,
  commitWaitMs: 10,
  queuedEntries: 1024,
  queuedBytes: 64 * 1024 * 1024,
  waitingEntries: 4096,
  gapGraceMs: 1_000,
  gapAgainMs: 60_000,
  incidentEveryMs: 60_000,
}
