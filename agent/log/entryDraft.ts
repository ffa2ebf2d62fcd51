import { randomBytes } from 'node:crypto'
import { EVENTS, type EventName } from '#protocol/wire/eventCodes'
import type { EntryKind, SpoolClass } from '#protocol/wire/header'
import { encodeSegment } from '#protocol/wire/segment'

/** What an entry says, before it has its place in the log. Times are milliseconds of Unix time. */
export type EntryDraft = {
  readonly kind: EntryKind
  readonly class: SpoolClass
  readonly t0: number
  readonly period: number
  /** Sample times after t0. */
  readonly times: readonly number[]
  /** Encoded segments. */
  readonly segments: readonly Uint8Array[]
}

/** An event of one device (`subject` = assetId) or of the host (null). */
export function eventDraft(
  event: EventName,
  subject: Uint8Array | null,
  atMs: number,
  detail: readonly number[],
): EntryDraft {
  const at = Math.max(0, Math.round(atMs))
  const segment = encodeSegment({
    kind: 'event',
    salt: new Uint8Array(randomBytes(16)),
    subject,
    event: EVENTS[event].id,
    atMs: at,
    detail,
  })
  return { kind: 'event', class: 'event', t0: at, period: 0, times: [], segments: [segment] }
}
