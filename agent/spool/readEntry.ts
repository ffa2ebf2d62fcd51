import { FRAME_HEAD_BYTES, FRAME_TAIL_BYTES, type FrameHead, isPayloadGood, parseFrameHead } from './frame.ts'
import type { SegmentStore } from './segmentStore.ts'
import type { EntryPlace } from './spoolIndex.ts'

/** The payload of an entry, or null when it no longer checks. */
export async function readPayload(store: SegmentStore, place: EntryPlace): Promise<Uint8Array | null> {
  const bytes = await store
    .read(place.segment, place.offset, place.length + FRAME_TAIL_BYTES)
    .catch(() => null)
  if (!bytes || bytes.length !== place.length + FRAME_TAIL_BYTES || !isPayloadGood(bytes)) return null
  return new Uint8Array(bytes.subarray(0, place.length))
}

/** The frame head of an entry, or null when it no longer checks. */
export async function readHead(store: SegmentStore, place: EntryPlace): Promise<FrameHead | null> {
  const bytes = await store
    .read(place.segment, place.offset - FRAME_HEAD_BYTES, FRAME_HEAD_BYTES)
    .catch(() => null)
  return (bytes && parseFrameHead(bytes, 0)) ?? null
}
