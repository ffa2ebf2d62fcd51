import { toHex } from '#protocol/bytes'
import { type Entry, entrySegments } from '#protocol/wire/entry'
import { eventNameById } from '#protocol/wire/eventCodes'
import type { EventSegment } from '#protocol/wire/segment'
import type { FakeNode } from './fakeFeed.ts'

/** The events on a node's chain, in order. */
export function eventSegments(node: FakeNode): (EventSegment & { name: string })[] {
  return node.chain
    .flatMap(entrySegments)
    .flatMap((segment) =>
      segment.kind === 'event' ? [{ ...segment, name: eventNameById(segment.event) ?? '?' }] : [],
    )
}

/** Names of the events on a node's chain, in order. */
export function eventsOf(node: FakeNode): string[] {
  return eventSegments(node).map((segment) => segment.name)
}

/** The batches on a node's chain. */
export function batchesOf(node: FakeNode): Entry[] {
  return node.chain.filter((entry) => entry.header.kind === 'batch')
}

/** Whether the counters that a header carries balance. */
export function lawHolds(entry: Entry | undefined): boolean {
  if (!entry) return false
  const { produced, acked, spooled, dropped } = entry.header.counters
  return produced === acked + spooled + dropped.reduce((sum, each) => sum + each.count, 0)
}

/** Positions under which a node ever saw two different headers. */
export function forksOf(node: FakeNode): string[] {
  const seen = new Map<string, string>()
  const forks: string[] = []
  for (const entry of node.seen) {
    const position = `${entry.header.boot}/${entry.header.seq}`
    const hash = toHex(entry.hash)
    if ((seen.get(position) ?? hash) !== hash) forks.push(position)
    seen.set(position, hash)
  }
  return forks
}
