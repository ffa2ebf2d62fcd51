import { type Entry, entrySegments } from '#protocol/wire/entry'
import type { Segment } from '#protocol/wire/segment'
import { peekSegment } from './peekSegment.ts'

/** An archived entry on its way to readers: latest values, sinks, streams. */
export type AcceptedEntry = {
  readonly entry: Entry
  readonly receivedAtMs: number
  /** A code of `verdicts.ts`; anything but 0 must not be shown as a reading. */
  readonly verdict: number
  /** Decoded on the first call and kept. @throws AssayError PROTO_CBOR, PROTO_SHAPE or PROTO_LIMIT when malformed */
  segments(): Segment[]
  /** Subjects of the segments, without decoding them: 32 bytes, or null for the host and for what is no segment. */
  subjects(): (Uint8Array | null)[]
}

/** `onMalformed` hears of a segment that does not decode, once. */
export function acceptedEntry(
  entry: Entry,
  receivedAtMs: number,
  verdict: number,
  onMalformed?: () => void,
): AcceptedEntry {
  let decoded: Segment[] | undefined
  let told = false
  return {
    entry,
    receivedAtMs,
    verdict,
    segments() {
      try {
        decoded ??= entrySegments(entry)
        return decoded
      } catch (error) {
        if (!told) onMalformed?.()
        told = true
        throw error
      }
    },
    subjects: () =>
      entry.bodies.slice(0, entry.header.segments.length).map((body) => peekSegment(body)?.subject ?? null),
  }
}
