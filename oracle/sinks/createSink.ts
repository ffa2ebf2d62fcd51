import type { AssayError } from '#protocol/assayError'
import type { AcceptedEntry } from '../ingest/acceptedEntry.ts'
import { oracleError } from '../oracleErrors.ts'
import { createRollup } from './rollup.ts'
import { type Point, PointsRefused, type PointWriter, type Sink, type SinkStats } from './sink.ts'

export type SinkOptions = {
  /** One point per accelerator and so many milliseconds. */
  readonly windowMs?: number
  readonly maxEntries?: number
  readonly maxPoints?: number
  readonly batchPoints?: number
  /** First pause after a failed write; doubles up to 30 s. */
  readonly retryMs?: number
  readonly stopMs?: number
  /** Hears ORACLE_SINK at the first failure of an outage. */
  readonly onError?: (error: AssayError) => void
}

const SLICE_MS = 4
const PUMP_MS = 100
const RETRY_MOST_MS = 30_000

/**
 * A sink over any point writer. Entries wait in a bounded queue and are decoded in slices of a few milliseconds, points
 * in a second one until the writer takes them; what does not fit is dropped and counted.
 */
export function createSink(writer: PointWriter, options: SinkOptions = {}): Sink {
  const { windowMs = 10_000, maxEntries = 4_096, maxPoints = 50_000, batchPoints = 2_000 } = options
  const { retryMs = 500, stopMs = 5_000, onError } = options
  const rollup = createRollup(windowMs)
  const entries: AcceptedEntry[] = []
  let points: Point[] = []
  const count = { entries: 0, entriesDropped: 0, points: 0, written: 0, dropped: 0, retries: 0 }
  let lastError: string | null = null
  let running = false
  let digest: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined
  let wake: (() => void) | undefined
  /** Waiting for points, not for the end of a pause after a failure. */
  let idle = false
  let deadlineMs = Number.POSITIVE_INFINITY

  function keep(made: readonly Point[]): void {
    count.points += made.length
    const room = Math.max(0, maxPoints - points.length)
    points.push(...made.slice(0, room))
    count.dropped += Math.max(0, made.length - room)
    if (idle && points.length > 0) wake?.()
  }

  /** Decodes for a few milliseconds, then leaves the thread to ingest. */
  function digestSlice(): void {
    const until = performance.now() + SLICE_MS
    const nowMs = Date.now()
    let taken = 0
    while (taken < entries.length && performance.now() < until)
      keep(rollup.add(entries[taken++] as AcceptedEntry, nowMs))
    entries.splice(0, taken)
    if (entries.length === 0) keep(rollup.close(nowMs - 2 * windowMs))
    digest = running ? setTimeout(digestSlice, entries.length > 0 ? SLICE_MS : PUMP_MS) : undefined
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      function done(): void {
        clearTimeout(timer)
        wake = undefined
        resolve()
      }
      wake = done
    })
  }

  async function writeAll(): Promise<void> {
    let failures = 0
    while ((running || points.length > 0) && Date.now() < deadlineMs) {
      if (points.length === 0) {
        idle = true
        await pause(PUMP_MS)
        idle = false
        continue
      }
      const batch = points.slice(0, batchPoints)
      try {
        await writer.write(batch)
        count.written += batch.length
        failures = 0
      } catch (error) {
        lastError = (error as Error).message
        if (failures === 0) onError?.(oracleError('ORACLE_SINK', { found: lastError }, error))
        if (!(error instanceof PointsRefused)) {
          failures += 1
          count.retries += 1
          await pause(
            Math.min(RETRY_MOST_MS, retryMs * 2 ** Math.min(failures - 1, 10), deadlineMs - Date.now()),
          )
          continue
        }
        count.dropped += batch.length
      }
      points = points.slice(batch.length)
    }
    count.dropped += points.length
    points = []
  }

  return {
    async start() {
      running = true
      digest = setTimeout(digestSlice, PUMP_MS)
      writing = writeAll()
    },
    async stop() {
      running = false
      clearTimeout(digest)
      for (const entry of entries.splice(0)) keep(rollup.add(entry, Date.now()))
      keep(rollup.close())
      deadlineMs = Date.now() + stopMs
      wake?.()
      await writing
    },
    accept(given) {
      count.entries += given.length
      const room = Math.max(0, maxEntries - entries.length)
      for (const entry of given.slice(0, room)) entries.push(entry)
      count.entriesDropped += Math.max(0, given.length - room)
    },
    stats: (): SinkStats => ({ ...count, queued: points.length, lastError }),
  }
}
