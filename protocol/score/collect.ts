import { toHex0x } from '../bytes.ts'
import type { Cell } from '../wire/cell.ts'
import type { EpochRef, Hex } from '../wire/chainView.ts'
import { type Entry, entrySegments } from '../wire/entry.ts'
import { eventNameById } from '../wire/eventCodes.ts'
import { type MetricName, metricById } from '../wire/metrics.ts'
import type { Segment, TelemetrySegment } from '../wire/segment.ts'
import { type EpochFacts, emptyEpochFacts, observe, observeEvent } from './epochFacts.ts'
import type { Methodology } from './methodologyTypes.ts'

/** Why an archived entry, or one segment of it, contributed nothing or less to a round. */
export type EntryVerdict = {
  readonly agentId: Hex
  readonly boot: number
  readonly seq: number
  readonly verdict:
    | 'late'
    | 'epoch-unknown'
    | 'malformed'
    | 'duplicate-subject'
    | 'foreign-subject'
    | 'unknown-event'
}

/** The epochs that a round may refer to. */
export type EpochWindow = {
  readonly lengthS: number
  /** Existing epochs known to the chain view, ascending: some before the parent, those of the round, and n'. */
  readonly known: readonly EpochRef[]
  /** Existing epochs after the parent up to n, ascending; never empty. */
  readonly fresh: readonly EpochRef[]
  readonly served: ReadonlySet<number>
}

/** Entries older than this many existing epochs count for condition only (PROTOCOL §2). */
const LATE_AFTER = 2

/**
 * Turns the verified entries of one agent into facts per asset and epoch. `assets` are the ids bound to the agent; an
 * entry that breaks a rule contributes nothing and gets a verdict. Pure: the same entries give the same facts.
 */
export function collectFacts(
  agentId: Hex,
  chain: readonly Entry[],
  assets: readonly Hex[],
  window: EpochWindow,
  methodology: Methodology,
): { facts: ReadonlyMap<Hex, readonly EpochFacts[]>; verdicts: readonly EntryVerdict[] } {
  const facts = new Map(assets.map((id) => [id, window.fresh.map((epoch) => emptyFacts(epoch, window))]))
  const verdicts: EntryVerdict[] = []
  for (const entry of chain) {
    const say = (verdict: EntryVerdict['verdict']): void => {
      verdicts.push({ agentId, boot: entry.header.boot, seq: entry.header.seq, verdict })
    }
    const age = quotedAge(entry, window)
    if (age === 'unknown') {
      say('epoch-unknown')
      continue
    }
    const segments = decodeAll(entry)
    if (segments === null) {
      say('malformed')
      continue
    }
    const telemetry = segments.filter((segment): segment is TelemetrySegment => segment.kind === 'telemetry')
    const subjects = telemetry.map((segment) => (segment.subject ? toHex0x(segment.subject) : null))
    if (new Set(subjects).size !== subjects.length) {
      say('duplicate-subject')
      continue
    }
    const late = age > LATE_AFTER
    if (late) say('late')
    else markAlive(entry, facts, window)
    for (const segment of segments) addSegment(segment, entry, late, facts, window, methodology, say)
  }
  return { facts, verdicts }
}

function emptyFacts(epoch: EpochRef, window: EpochWindow): EpochFacts {
  return emptyEpochFacts({
    n: epoch.n,
    startS: epoch.startS,
    lengthS: window.lengthS,
    served: window.served.has(epoch.n),
  })
}

/** How many existing epochs before the round the quoted epoch lies; `unknown` when no such epoch exists. */
function quotedAge(entry: Entry, window: EpochWindow): number | 'unknown' {
  const quoted = entry.header.epoch
  const first = window.known[0] as EpochRef
  const last = window.fresh.length + LATE_AFTER + 1
  if (!quoted || quoted.n < first.n) return last
  const at = window.known.findIndex((epoch) => epoch.n === quoted.n)
  if (at < 0 || (window.known[at] as EpochRef).epochId !== toHex0x(quoted.id)) return 'unknown'
  const round = window.known.findIndex((epoch) => epoch.n === (window.fresh.at(-1) as EpochRef).n)
  return Math.max(0, round - at)
}

function decodeAll(entry: Entry): Segment[] | null {
  try {
    return entrySegments(entry)
  } catch {
    return null
  }
}

/** The epoch in which a time counts: its own, not before the quoted or the first fresh one, not after the round. */
function epochIndex(atS: number, entry: Entry, window: EpochWindow): number {
  const own = Math.max(Math.floor(atS / window.lengthS), entry.header.epoch?.n ?? 0)
  for (let i = window.fresh.length - 1; i > 0; i--) if ((window.fresh[i] as EpochRef).n <= own) return i
  return 0
}

function markAlive(entry: Entry, facts: ReadonlyMap<Hex, EpochFacts[]>, window: EpochWindow): void {
  const newestMs = entry.header.t0 + (entry.header.times.at(-1) ?? 0)
  const at = epochIndex(newestMs / 1000, entry, window)
  for (const epochs of facts.values()) (epochs[at] as EpochFacts).agentAlive = true
}

function addSegment(
  segment: Segment,
  entry: Entry,
  late: boolean,
  facts: ReadonlyMap<Hex, EpochFacts[]>,
  window: EpochWindow,
  methodology: Methodology,
  say: (verdict: EntryVerdict['verdict']) => void,
): void {
  if (segment.subject === null) return
  const epochs = facts.get(toHex0x(segment.subject))
  if (!epochs) {
    say('foreign-subject')
    return
  }
  if (segment.kind === 'event') {
    const name = eventNameById(segment.event)
    if (!name) {
      say('unknown-event')
      return
    }
    const at = epochIndex(segment.atMs / 1000, entry, window)
    observeEvent(epochs[at] as EpochFacts, { name, detail: segment.detail })
    return
  }
  entry.header.times.forEach((offset, row) => {
    const atS = Math.floor((entry.header.t0 + offset) / 1000)
    observe(
      epochs[epochIndex(atS, entry, window)] as EpochFacts,
      rowOf(segment, row),
      { atS, late },
      methodology,
    )
  })
}

function rowOf(segment: TelemetrySegment, row: number): Partial<Record<MetricName, Cell>> {
  const out: Partial<Record<MetricName, Cell>> = {}
  for (const { metric, cells } of segment.columns) {
    const known = metricById(metric)
    if (known) out[known.name as MetricName] = cells[row] as Cell
  }
  return out
}
