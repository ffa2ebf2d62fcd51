import type { Clock } from '../clock.ts'
import { type EntryDraft, eventDraft } from '../log/entryDraft.ts'
import type { LogWriter } from '../log/logWriter.ts'
import type { WatchedEvent } from './coalescer.ts'

/** Signs events at once and tries again what a full disk refused. */
export type EventWriter = {
  /** Resolves when the event is durable, or waits for another try. */
  write(event: WatchedEvent): Promise<void>
  /** Events that wait. */
  waiting(): number
  /** Events given up because too many waited. */
  lost(): number
  stop(): void
}

const RETRY_MS = 1000
const MAX_WAITING = 1000

/** A writer onto a log. `onFault` hears of every refused write. */
export function createEventWriter(
  log: LogWriter,
  clock: Clock,
  onFault: (error: unknown) => void,
): EventWriter {
  const queue: EntryDraft[] = []
  let lost = 0
  let cancel: (() => void) | undefined
  let isBusy = false
  let isStopped = false

  async function drain(): Promise<void> {
    if (isBusy) return
    isBusy = true
    try {
      for (let next = queue[0]; next; next = queue[0]) {
        await log.write(next)
        queue.shift()
      }
    } catch (error) {
      onFault(error)
      if (!isStopped)
        cancel = clock.after(RETRY_MS, () => {
          cancel = undefined
          void drain()
        })
    } finally {
      isBusy = false
    }
  }

  return {
    async write(event) {
      queue.push(eventDraft(event.kind, event.subject, event.atMs, event.detail))
      if (queue.length > MAX_WAITING) {
        // The oldest but one: the head of the queue may be under way.
        queue.splice(1, 1)
        lost++
      }
      // While the disk refuses, one try a second is enough.
      if (!cancel) await drain()
    },
    waiting: () => queue.length,
    lost: () => lost,
    stop() {
      isStopped = true
      cancel?.()
    },
  }
}
