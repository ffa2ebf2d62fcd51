import { eventNameById } from '#protocol/wire/eventCodes'
import { comparePositions, type Position } from '#protocol/wire/header'
import { metricById } from '#protocol/wire/metrics'
import type { EventSegment, TelemetrySegment } from '#protocol/wire/segment'
import { hexKey } from '../archive/hexKey.ts'
import type { AcceptedEntry } from '../ingest/acceptedEntry.ts'
import type { Point } from './sink.ts'

type Field = { last: number; sum: number; count: number }
type Window = {
  readonly measurement: 'gpu' | 'host'
  readonly tags: Record<string, string>
  readonly startMs: number
  readonly fields: Map<number, Field>
  rows: number
  touchedMs: number
}

/** Windows open at a time; the oldest is closed early beyond that. */
const MOST_WINDOWS = 200_000

export type Rollup = {
  /** Points that an entry completes: its events, and windows that it is past. Malformed segments give none. */
  add(accepted: AcceptedEntry, nowMs: number): Point[]
  /** Closes windows that nothing was added to since `beforeMs` (all when left out). */
  close(beforeMs?: number): Point[]
}

/**
 * Rolls telemetry up to one point per accelerator (or host) and window of `windowMs`: the mean of gauges, the last value
 * of everything else, in shown units; `samples` counts rows. What was not measured is left out, never 0.
 */
export function createRollup(windowMs: number): Rollup {
  const open = new Map<string, Window>()
  const newest = new Map<string, Position>()

  function addTelemetry(
    points: Point[],
    accepted: AcceptedEntry,
    segment: TelemetrySegment,
    nowMs: number,
  ): void {
    const { header } = accepted.entry
    const agent = hexKey(header.agentId)
    const asset = segment.subject && hexKey(segment.subject)
    const key = `${agent} ${asset ?? ''}`
    header.times.forEach((time, row) => {
      const startMs = Math.floor((header.t0 + time) / windowMs) * windowMs
      let window = open.get(key)
      if (window && window.startMs !== startMs) {
        points.push(pointOf(window))
        open.delete(key)
        window = undefined
      }
      if (!window) {
        window = {
          measurement: asset ? 'gpu' : 'host',
          tags: asset ? { agent, asset } : { agent },
          startMs,
          fields: new Map(),
          rows: 0,
          touchedMs: nowMs,
        }
        open.set(key, window)
      }
      window.rows += 1
      window.touchedMs = nowMs
      for (const { metric, cells } of segment.columns) {
        const cell = cells[row]
        if (cell?.presence !== 'value') continue
        const field = window.fields.get(metric)
        if (field) {
          field.last = cell.value
          field.sum += cell.value
          field.count += 1
        } else window.fields.set(metric, { last: cell.value, sum: cell.value, count: 1 })
      }
    })
  }

  return {
    add(accepted, nowMs) {
      const { header, hash } = accepted.entry
      const agent = hexKey(header.agentId)
      const before = newest.get(agent)
      if (accepted.verdict !== 0 || (before && comparePositions(header, before) <= 0)) return []
      newest.set(agent, { boot: header.boot, seq: header.seq })
      const points: Point[] = []
      try {
        for (const segment of accepted.segments()) {
          if (segment.kind === 'telemetry') addTelemetry(points, accepted, segment, nowMs)
          else points.push(eventPoint(agent, hexKey(hash), segment))
        }
      } catch {
        // Its verdict is noted in the archive; it is no reading.
        return points
      }
      for (const [key, window] of open) {
        if (open.size <= MOST_WINDOWS) break
        points.push(pointOf(window))
        open.delete(key)
      }
      return points
    },
    close(beforeMs = Number.POSITIVE_INFINITY) {
      const points: Point[] = []
      for (const [key, window] of open) {
        if (window.touchedMs >= beforeMs) continue
        points.push(pointOf(window))
        open.delete(key)
      }
      return points
    },
  }
}

function pointOf(window: Window): Point {
  const fields: Record<string, number> = { samples: window.rows }
  for (const [id, field] of window.fields) {
    const metric = metricById(id)
    if (!metric) continue
    fields[metric.name] = (metric.kind === 'gauge' ? field.sum / field.count : field.last) / metric.scale
  }
  return { measurement: window.measurement, tags: window.tags, fields, atMs: window.startMs }
}

function eventPoint(agent: string, header: string, event: EventSegment): Point {
  return {
    measurement: 'event',
    tags: {
      agent,
      name: eventNameById(event.event) ?? `event_${event.event}`,
      ...(event.subject ? { asset: hexKey(event.subject) } : {}),
    },
    fields: { count: 1, detail: event.detail.join(','), header },
    atMs: event.atMs,
  }
}
