import type { MetricView } from '#protocol/http/assetView'
import { createNodePrimitives } from '#protocol/node/nodePrimitives'
import type { Primitives } from '#protocol/primitives'
import { parseEntry } from '#protocol/wire/entry'
import { eventNameById } from '#protocol/wire/eventCodes'
import { comparePositions, type Position } from '#protocol/wire/header'
import { MAX_CELLS } from '#protocol/wire/limits'
import type { MetricName } from '#protocol/wire/metrics'
import { decodeSegment, type EventSegment, type TelemetrySegment } from '#protocol/wire/segment'
import type { Archive } from '../archive/archive.ts'
import { hexKey } from '../archive/hexKey.ts'
import { type AcceptedEntry, acceptedEntry } from '../ingest/acceptedEntry.ts'
import { createBindings } from './bindings.ts'
import { metricViews } from './metricViews.ts'
import { type Series, type SeriesPart, seriesOf } from './series.ts'

/** The newest reading of one asset, or of a host. Hex ids; `atMs` is the agent's clock, `receivedAtMs` this node's. */
export type LatestReading = {
  readonly agentId: string
  readonly atMs: number
  readonly receivedAtMs: number
  readonly headerHash: string
  readonly boot: number
  readonly seq: number
  readonly metrics: Readonly<Record<string, MetricView>>
}
export type LatestAsset = LatestReading & { readonly assetId: string }

/** A signed event of an asset or a host. */
export type LatestEvent = {
  readonly name: string
  readonly atMs: number
  readonly detail: readonly number[]
  readonly headerHash: string
}

/** What is newest, per asset and host, and charts of it. Only what an asset's own enrolled agent signed counts. */
export type Latest = {
  /** Entries of ingest, in its order. */
  accept(entries: readonly AcceptedEntry[]): void
  /** Undefined when nothing of this asset (hex) was ever received. */
  asset(assetId: string): LatestAsset | undefined
  assets(): string[]
  host(agentId: string): LatestReading | undefined
  /** Newest first, at most 20; of an asset, or of a host by its agent id. */
  events(subject: string): LatestEvent[]
  /** At most `max` points at or after `sinceMs`: from memory where it reaches back far enough, else from the archive. */
  series(assetId: string, metrics: readonly MetricName[], sinceMs: number, max: number): Series
  /** Segments that were not counted because their asset is not enrolled by the agent that signed them. */
  foreign(): number
}

/** Telemetry of a subject under one header; decoded when somebody looks. */
type Held = SeriesPart & { readonly accepted: AcceptedEntry; readonly size: number }
type Subject = {
  readonly ring: Held[]
  ringBytes: number
  readonly events: LatestEvent[]
  view: { readonly of: Held; readonly reading: LatestReading } | undefined
}

const EVENTS_KEPT = 20
const SEEDED_ENTRIES = 8

/**
 * Latest values over an archive. `ringBytesPerAsset` bounds what charts keep in memory; before the first entry the
 * newest archived ones are read, so that a restart shows what was last known, with its age.
 */
export function createLatest(options: {
  archive: Archive
  primitives?: Primitives
  now: () => number
  ringBytesPerAsset?: number
}): Latest {
  const { archive, primitives = createNodePrimitives(), ringBytesPerAsset = 96 * 1024 } = options
  const subjects = new Map<string, Subject>()
  /** Newest entry taken per agent: what the seed read from the archive may come again from ingest. */
  const taken = new Map<string, Position>()
  const bindings = createBindings(archive, options.now)
  let foreign = 0
  let seeded = false

  function subject(id: string): Subject {
    let known = subjects.get(id)
    if (!known) {
      known = { ring: [], ringBytes: 0, events: [], view: undefined }
      subjects.set(id, known)
    }
    return known
  }

  function take(accepted: AcceptedEntry): void {
    const { entry } = accepted
    const agent = hexKey(entry.header.agentId)
    const before = taken.get(agent)
    if (accepted.verdict !== 0 || (before && comparePositions(entry.header, before) <= 0)) return
    taken.set(agent, { boot: entry.header.boot, seq: entry.header.seq })
    accepted.subjects().forEach((id, index) => {
      const body = entry.bodies[index] as Uint8Array
      if (id && !bindings.binds(entry.header.agentId, id)) {
        foreign += 1
        return
      }
      const of = subject(id ? hexKey(id) : agent)
      if (body[1] === 1) keepEvent(of, accepted, body)
      else keepTelemetry(of, accepted, body)
    })
  }

  function keepTelemetry(of: Subject, accepted: AcceptedEntry, body: Uint8Array): void {
    const { header } = accepted.entry
    if (header.times.length === 0) return
    const held: Held = {
      accepted,
      t0: header.t0,
      times: header.times,
      size: body.length,
      telemetry: () => telemetryOf(body, header.times.length),
    }
    of.ring.push(held)
    of.ringBytes += body.length
    while (of.ringBytes > ringBytesPerAsset && of.ring.length > 1)
      of.ringBytes -= (of.ring.shift() as Held).size
  }

  function keepEvent(of: Subject, accepted: AcceptedEntry, body: Uint8Array): void {
    let event: EventSegment
    try {
      event = decodeSegment(body, accepted.entry.header.times.length) as EventSegment
    } catch {
      return
    }
    of.events.unshift({
      name: eventNameById(event.event) ?? `event_${event.event}`,
      atMs: event.atMs,
      detail: event.detail,
      headerHash: hexKey(accepted.entry.hash),
    })
    of.events.splice(EVENTS_KEPT)
  }

  function reading(id: string): LatestReading | undefined {
    seed()
    const of = subjects.get(id)
    if (!of) return undefined
    for (let i = of.ring.length - 1; i >= 0; i--) {
      const held = of.ring[i] as Held
      if (of.view?.of === held) return of.view.reading
      const telemetry = held.telemetry()
      if (!telemetry) continue
      const { header, hash } = held.accepted.entry
      const row = held.times.length - 1
      const found: LatestReading = {
        agentId: hexKey(header.agentId),
        atMs: held.t0 + (held.times[row] as number),
        receivedAtMs: held.accepted.receivedAtMs,
        headerHash: hexKey(hash),
        boot: header.boot,
        seq: header.seq,
        metrics: metricViews(telemetry, row),
      }
      of.view = { of: held, reading: found }
      return found
    }
    return undefined
  }

  function seed(): void {
    if (seeded) return
    seeded = true
    for (const { logId } of archive.heads())
      for (const row of archive.entriesSince(logId, 0, SEEDED_ENTRIES))
        take(acceptedEntry(parseEntry(row.bytes, primitives), row.receivedAtMs, row.verdict))
  }

  function fromArchive(agentId: string, assetId: string, sinceMs: number, max: number): SeriesPart[] {
    const rows = archive.entriesSince(Buffer.from(agentId, 'hex'), sinceMs, max, 'spread')
    return rows.flatMap((row): SeriesPart[] => {
      const accepted = acceptedEntry(parseEntry(row.bytes, primitives), row.receivedAtMs, row.verdict)
      const { header, bodies } = accepted.entry
      const index = accepted
        .subjects()
        .findIndex((id, i) => id !== null && bodies[i]?.[1] === 0 && hexKey(id) === assetId)
      const body = bodies[index]
      if (!body || row.verdict !== 0) return []
      const telemetry = () => telemetryOf(body, header.times.length)
      return [{ t0: header.t0, times: header.times, telemetry }]
    })
  }

  function asset(assetId: string): LatestAsset | undefined {
    const found = reading(assetId)
    return found && found.agentId !== assetId ? { ...found, assetId } : undefined
  }

  return {
    accept(entries) {
      seed()
      for (const entry of entries) take(entry)
    },
    asset,
    assets() {
      seed()
      return [...subjects.keys()].filter((id) => asset(id) !== undefined)
    },
    host: (agentId) => reading(agentId),
    events(id) {
      seed()
      return subjects.get(id)?.events.slice() ?? []
    },
    series(assetId, metrics, sinceMs, max) {
      const newest = reading(assetId)
      const ring = subjects.get(assetId)?.ring ?? []
      const reaches = (ring[0]?.t0 ?? Number.POSITIVE_INFINITY) <= sinceMs
      const parts = reaches || !newest ? ring : fromArchive(newest.agentId, assetId, sinceMs, max)
      return seriesOf(parts, metrics, sinceMs, max)
    },
    foreign: () => foreign,
  }
}

/** Undefined for a segment that does not decode: its verdict is in the archive, it is no reading. */
function telemetryOf(body: Uint8Array, rows: number): TelemetrySegment | undefined {
  try {
    const segment = decodeSegment(body, rows)
    if (segment.kind !== 'telemetry' || segment.columns.length * rows > MAX_CELLS) return undefined
    return segment
  } catch {
    return undefined
  }
}
