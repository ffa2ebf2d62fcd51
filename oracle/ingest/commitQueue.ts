/** Work in order of arrival: each item is settled later (its signature), and leaves in batches from the front. */
export type CommitQueue<T> = {
  push(item: T): Ticket
  /** Items that were pushed and not yet committed. */
  length(): number
  /** Resolves when everything pushed so far has been committed. */
  drained(): Promise<void>
}

/** Marks an item as settled; it leaves once everything before it is settled too. */
export type Ticket = { settle(): void }

export type CommitQueueOptions<T> = {
  /** So many settled items are worth a commit; one commit takes at most `maxItems`. */
  readonly enoughItems: number
  readonly maxItems: number
  readonly maxWaitMs: number
  readonly commit: (batch: T[]) => void
}

type Slot<T> = { readonly item: T; settled: boolean }

/**
 * Groups settled items into commits: at once when nothing else is under way, otherwise when `enoughItems` are there or the
 * oldest has waited `maxWaitMs`.
 */
export function createCommitQueue<T>(options: CommitQueueOptions<T>): CommitQueue<T> {
  let slots: Slot<T>[] = []
  /** Slots before this index have left. */
  let front = 0
  /** Slots from `front` up to this index are settled. */
  let ready = 0
  let timer: NodeJS.Timeout | undefined
  let immediate: NodeJS.Immediate | undefined
  let waiters: (() => void)[] = []

  function flush(): void {
    clearTimeout(timer)
    clearImmediate(immediate)
    timer = undefined
    immediate = undefined
    while (front < ready) {
      const until = Math.min(ready, front + options.maxItems)
      const batch = slots.slice(front, until).map((slot) => slot.item)
      front = until
      options.commit(batch)
    }
    if (front === slots.length) {
      slots = []
      front = 0
      ready = 0
      const done = waiters
      waiters = []
      for (const resolve of done) resolve()
    } else if (front > 4096) {
      slots = slots.slice(front)
      ready -= front
      front = 0
    }
  }

  function advance(): void {
    while (ready < slots.length && (slots[ready] as Slot<T>).settled) ready++
    if (ready === front) return
    // Not at once: what else settled in this turn of the event loop shares the commit, and its fsync.
    if (ready - front >= options.enoughItems || ready === slots.length) immediate ??= setImmediate(flush)
    else timer ??= setTimeout(flush, options.maxWaitMs)
  }

  return {
    push(item) {
      const slot = { item, settled: false }
      slots.push(slot)
      return {
        settle() {
          slot.settled = true
          advance()
        },
      }
    },
    length: () => slots.length - front,
    drained: () =>
      slots.length === front ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve)),
  }
}
