import type { EventName } from '#protocol/wire/eventCodes'
import type { Clock } from '../clock.ts'

/** One event on its way into the log. `subject` is an assetId, or null for the host. */
export type WatchedEvent = {
  readonly kind: EventName
  readonly subject: Uint8Array | null
  readonly subjectHex: string | null
  readonly atMs: number
  readonly detail: readonly number[]
}

/** Lets the first event of a kind, device and detail through at once and counts what follows it. */
export type Coalescer = {
  offer(event: WatchedEvent): void
  /** Sends what is counted and ends all windows. */
  flush(): void
}

const WINDOW_MS = 10_000
const LONGEST_WINDOW_MS = 300_000
const MAX_KEYS = 1024

type Flood = { last: WatchedEvent; count: number; windowMs: number; cancel: () => void }

/**
 * Merges floods (a driver may report one XID 168,000 times): at the end of each window one summary with the count
 * appended to `detail`; windows double while the flood lasts. Memory is bounded: beyond a thousand kinds of flood,
 * further ones are counted per kind only.
 */
export function createCoalescer(clock: Clock, emit: (event: WatchedEvent) => void): Coalescer {
  const floods = new Map<string, Flood>()

  function close(key: string): void {
    const flood = floods.get(key)
    if (!flood) return
    if (flood.count === 0) {
      floods.delete(key)
      return
    }
    emit({ ...flood.last, detail: [...flood.last.detail, flood.count] })
    flood.count = 0
    flood.windowMs = Math.min(2 * flood.windowMs, LONGEST_WINDOW_MS)
    flood.cancel = clock.after(flood.windowMs, () => close(key))
  }

  return {
    offer(given) {
      let event = given
      let key = `${event.kind} ${event.subjectHex} ${event.detail.join()}`
      if (!floods.has(key) && floods.size >= MAX_KEYS) {
        event = { ...event, subject: null, subjectHex: null, detail: [] }
        key = event.kind
      }
      const flood = floods.get(key)
      if (flood) {
        flood.count++
        flood.last = event
        return
      }
      const cancel = clock.after(WINDOW_MS, () => close(key))
      floods.set(key, { last: event, count: 0, windowMs: WINDOW_MS, cancel })
      emit(event)
    },
    flush() {
      for (const [key, flood] of floods) {
        flood.cancel()
        floods.delete(key)
        if (flood.count > 0) emit({ ...flood.last, detail: [...flood.last.detail, flood.count] })
      }
    },
  }
}
