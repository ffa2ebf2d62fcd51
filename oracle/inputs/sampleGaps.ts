import { toHex } from '#protocol/bytes'
import type { AcceptedEntry } from '../ingest/acceptedEntry.ts'

/** Samples that an agent's log does not hold although their time has passed. */
export type SampleGap = {
  /** Hex without 0x. */
  readonly agentId: string
  /** Last sample before and first one after, in milliseconds of the agent's clock. */
  readonly fromMs: number
  readonly toMs: number
  readonly missing: number
  /** The agent was started again in between: what it held in memory is lost, not late. */
  readonly restarted: boolean
}

/** Counts the samples that logs lack. Fed with accepted entries in log order. */
export type SampleGaps = {
  accept(entries: readonly AcceptedEntry[]): SampleGap[]
  /** Samples missing since this process started, all agents. */
  missing(): number
}

type Seen = { lastMs: number; stepMs: number; boot: number }

/** A step is a gap when it is this many times the usual one; a beat may slip a little. */
const GAP_FACTOR = 2.5

/** A counter that knows nothing yet. */
export function createSampleGaps(): SampleGaps {
  const seen = new Map<string, Seen>()
  let total = 0

  function step(entry: AcceptedEntry['entry']): SampleGap | null {
    const { agentId, boot, kind, t0, times } = entry.header
    if (kind !== 'batch' || times.length === 0) return null
    const id = toHex(agentId)
    const first = t0 + (times[0] as number)
    const last = t0 + (times.at(-1) as number)
    const before = seen.get(id)
    const inside = times.length > 1 ? (last - first) / (times.length - 1) : 0
    const between = before ? first - before.lastMs : 0
    const stepMs = inside > 0 ? inside : Math.min(before?.stepMs || between, between) || between
    seen.set(id, { lastMs: Math.max(last, before?.lastMs ?? 0), stepMs, boot })
    if (!before || stepMs <= 0 || between <= GAP_FACTOR * stepMs) return null
    const missing = Math.round(between / stepMs) - 1
    total += missing
    return { agentId: id, fromMs: before.lastMs, toMs: first, missing, restarted: boot !== before.boot }
  }

  return {
    accept: (entries) => entries.flatMap(({ entry }) => step(entry) ?? []),
    missing: () => total,
  }
}
