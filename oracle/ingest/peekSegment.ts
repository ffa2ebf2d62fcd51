/** What the first bytes of a segment say; `subject` is 32 bytes, or null for the host. */
export type SegmentPeek = { readonly kind: 'telemetry' | 'event'; readonly subject: Uint8Array | null }

const SALT_END = 19

/**
 * Kind and subject of a segment without decoding its columns. Deterministic CBOR has one form, so they stand at fixed
 * offsets: array(4 or 6), kind 0 or 1, bstr(16) salt, then bstr(32) subject or null. Undefined: not a segment.
 */
export function peekSegment(body: Uint8Array): SegmentPeek | undefined {
  const kind = body[1]
  if (kind !== 0 && kind !== 1) return undefined
  if (body[0] !== (kind === 0 ? 0x84 : 0x86) || body[2] !== 0x50) return undefined
  const name = kind === 0 ? 'telemetry' : 'event'
  if (body[SALT_END] === 0xf6) return { kind: name, subject: null }
  if (body[SALT_END] !== 0x58 || body[SALT_END + 1] !== 32 || body.length < SALT_END + 34) return undefined
  return { kind: name, subject: body.subarray(SALT_END + 2, SALT_END + 34) }
}
