import type { Spool } from '../spool/spool.ts'

/** Which entries are under way; decided by the nodes' acks, never by the broker's. */
export type SendWindow = {
  /** The next entries to publish, in order; empty while the window is full. They count as under way from here on. */
  take(): number[]
  /** Entries under way. */
  underWay(): number
  /** Begins again behind the last ack: after a reconnect, or when acks stay out. */
  rewind(): void
}

/** Carriers of tombstones sent ahead at one time: without them the nodes cannot link what the window holds. */
const MOST_CARRIERS = 16

/** A window of `size` entries over a spool. */
export function createSendWindow(
  spool: Pick<Spool, 'next' | 'carriers' | 'ackedOrdinal'>,
  size: number,
): SendWindow {
  const inOrder = new Set<number>()
  const ahead = new Set<number>()
  let last = 0

  function settle(): void {
    const acked = spool.ackedOrdinal()
    for (const sent of [inOrder, ahead])
      for (const ordinal of sent) if (ordinal <= acked) sent.delete(ordinal)
    last = Math.max(last, acked)
  }

  return {
    take() {
      settle()
      const next = spool.next(last, Math.max(0, size - inOrder.size))
      last = next.at(-1) ?? last
      const carriers = spool
        .carriers()
        .filter((ordinal) => ordinal > last && !ahead.has(ordinal))
        .slice(0, MOST_CARRIERS)
      const taken = [...carriers, ...next.filter((ordinal) => !ahead.has(ordinal))]
      for (const ordinal of next) inOrder.add(ordinal)
      for (const ordinal of carriers) ahead.add(ordinal)
      return taken
    },
    underWay() {
      settle()
      return inOrder.size + [...ahead].filter((ordinal) => !inOrder.has(ordinal)).length
    },
    rewind() {
      inOrder.clear()
      ahead.clear()
      last = spool.ackedOrdinal()
    },
  }
}
