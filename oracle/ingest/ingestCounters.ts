import { REJECT_REASONS, type RejectReason } from './rejectReasons.ts'
import { VERDICTS, type VerdictName } from './verdicts.ts'

/** What went through an ingest since it was made. `received` = stored + duplicates + the sum of rejected + in flight. */
export type IngestCounters = {
  received: number
  stored: number
  duplicates: number
  readonly rejected: Record<RejectReason, number>
  readonly verdicts: Record<VerdictName, number>
  forks: number
  rolledBack: number
  commits: number
  /** Segment rows of stored entries: one per device and sample time. */
  samples: number
  /** Readers (latest values, sinks) that threw. */
  readerErrors: number
}

export function newIngestCounters(): IngestCounters {
  const zeros = <K extends string>(table: Record<K, unknown>) =>
    Object.fromEntries(Object.keys(table).map((key) => [key, 0])) as Record<K, number>
  return {
    received: 0,
    stored: 0,
    duplicates: 0,
    rejected: zeros(REJECT_REASONS),
    verdicts: zeros(VERDICTS),
    forks: 0,
    rolledBack: 0,
    commits: 0,
    samples: 0,
    readerErrors: 0,
  }
}
