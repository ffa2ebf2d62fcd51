import type { LogHead } from '#protocol/wire/ackList'
import type { Position } from '#protocol/wire/header'
import { hexKey } from '../archive/hexKey.ts'
import type { IngestLimits } from './ingestLimits.ts'

/** Entries that a log lacks here: what follows `after` (null: everything) before `before`, which is held. */
export type Gap = { readonly agentId: Uint8Array; readonly after: LogHead | null; readonly before: Position }

type Watched = { readonly agentId: Uint8Array; dueMs: number; waitMs: number; told: string }

const TICK_MS = 200
const FIRST_WAIT_MS = 2_000

/** Tells of gaps that last: once after a grace, then at doubling intervals; a gap that moved starts over. */
export function createGapWatch(options: {
  limits: Pick<IngestLimits, 'gapGraceMs' | 'gapAgainMs'>
  clock: () => number
  /** The gap of a log now, or undefined when it has none. */
  gapOf: (agentId: Uint8Array) => Gap | undefined
  onGap: (gap: Gap) => void
}) {
  const watched = new Map<string, Watched>()
  let timer: NodeJS.Timeout | undefined

  function tick(): void {
    const now = options.clock()
    for (const [key, each] of watched) {
      const gap = options.gapOf(each.agentId)
      if (!gap) watched.delete(key)
      else if (now >= each.dueMs) {
        const place = `${gap.after?.boot}.${gap.after?.seq}-${gap.before.boot}.${gap.before.seq}`
        each.waitMs =
          place === each.told ? Math.min(2 * each.waitMs, options.limits.gapAgainMs) : FIRST_WAIT_MS
        each.told = place
        each.dueMs = now + each.waitMs
        options.onGap(gap)
      }
    }
    if (watched.size === 0) stop()
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  return {
    /** Call when a log may have a gap. */
    look(agentId: Uint8Array): void {
      const key = hexKey(agentId)
      if (watched.has(key)) return
      watched.set(key, {
        agentId,
        dueMs: options.clock() + options.limits.gapGraceMs,
        waitMs: FIRST_WAIT_MS,
        told: '',
      })
      timer ??= setInterval(tick, TICK_MS).unref()
    },
    gaps: (): Gap[] => [...watched.values()].flatMap((each) => options.gapOf(each.agentId) ?? []),
    stop,
  }
}
