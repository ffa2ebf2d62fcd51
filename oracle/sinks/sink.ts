import type { AcceptedEntry } from '../ingest/acceptedEntry.ts'

export type SinkStats = {
  /** Entries given to `accept`, and those of them that were given up because too many waited. */
  readonly entries: number
  readonly entriesDropped: number
  /** Points made of them = written + dropped + queued. */
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
  /** Begins writing; resolves at once, whether the database answers or not. */
  start(): Promise<void>
  /** Writes what is queued as far as the database takes it within a few seconds; the rest counts as dropped. */
  stop(): Promise<void>
  /** Takes entries; returns at once and never throws. */
  accept(entries: readonly AcceptedEntry[]): void
  stats(): SinkStats
}

/** One row of a time series; `atMs` is Unix time. */
export type Point = {
  readonly measurement: 'gpu' | 'host' | 'event'
  readonly tags: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, number | string>>
  readonly atMs: number
}

/** Where points go. Rejects with {@link PointsRefused} for what no retry will mend, with anything else to be retried. */
export type PointWriter = { write(points: readonly Point[]): Promise<void> }

/** The database will never take these points. */
export class PointsRefused extends Error {}
