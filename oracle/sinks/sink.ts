import type { AcceptedEntry } from '../ingest/acceptedEntry.ts'

export type SinkStats = {
  /** Points handed over by `accept`, after rolling up. */
  readonly points: number
  readonly written: number
  /** Points given up: the queue was full, or the database refused them for good. */
  readonly dropped: number
  readonly queued: number
  readonly retries: number
  readonly lastError: string | null
}

/**
 * A copy of the readings for dashboards: rollups and events, written on the side. Never the system of record: it may
 * lag or lose, counted, and never slows ingest.
 */
export type Sink = {
  start(): Promise<void>
  /** Writes what is queued, as far as the database takes it within a few seconds. */
  stop(): Promise<void>
  /** Takes entries; returns at once. */
  accept(entries: readonly AcceptedEntry[]): void
  stats(): SinkStats
}
