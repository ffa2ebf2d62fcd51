import { crc32 } from 'node:zlib'
import type { SpoolClass } from '#protocol/wire/header'
import { SPOOL_CLASSES } from '#protocol/wire/header'
import { MAX_ENTRY_BYTES } from '#protocol/wire/limits'

/**
 * One record of a segment file. Head and payload have a CRC-32 each, so that a damaged payload still tells which entry
 * it was. Layout, big-endian: magic 4, type 1, class 1, flags 2, length 4, ordinal 6, boot 6, seq 6, hash 32, prev 32,
 * CRC of these 94 bytes 4, payload, CRC of the payload 4.
 */
export type FrameHead = {
  readonly type: 'entry' | 'state'
  readonly class: SpoolClass
  readonly carriesTombstones: boolean
  readonly ordinal: number
  readonly boot: number
  readonly seq: number
  readonly hash: Uint8Array
  readonly prev: Uint8Array
}

/** A frame as found in a segment. `offset` and `length` are those of the payload. */
export type FoundFrame = FrameHead & {
  readonly offset: number
  readonly length: number
  readonly isPayloadGood: boolean
}

/** What a segment holds; `damaged` are byte ranges that are no good frame. */
export type ScannedSegment = {
  readonly frames: readonly FoundFrame[]
  readonly damaged: readonly { readonly from: number; readonly to: number }[]
}

export const FRAME_HEAD_BYTES = 98
export const FRAME_TAIL_BYTES = 4
const MAGIC = 0x41535346
const TYPES = ['entry', 'state'] as const

/** The bytes of one record. */
export function encodeFrame(head: FrameHead, payload: Uint8Array): Uint8Array {
  const out = Buffer.alloc(FRAME_HEAD_BYTES + payload.length + FRAME_TAIL_BYTES)
  out.writeUInt32BE(MAGIC, 0)
  out.writeUInt8(TYPES.indexOf(head.type), 4)
  out.writeUInt8(SPOOL_CLASSES.indexOf(head.class), 5)
  out.writeUInt16BE(head.carriesTombstones ? 1 : 0, 6)
  out.writeUInt32BE(payload.length, 8)
  out.writeUIntBE(head.ordinal, 12, 6)
  out.writeUIntBE(head.boot, 18, 6)
  out.writeUIntBE(head.seq, 24, 6)
  out.set(head.hash, 30)
  out.set(head.prev, 62)
  out.writeUInt32BE(crc32(out.subarray(0, 94)), 94)
  out.set(payload, FRAME_HEAD_BYTES)
  out.writeUInt32BE(crc32(payload), FRAME_HEAD_BYTES + payload.length)
  return out
}

/** Whether a payload read with its tail still has its CRC. */
export function isPayloadGood(payloadAndTail: Uint8Array): boolean {
  const buffer = view(payloadAndTail)
  const length = buffer.length - FRAME_TAIL_BYTES
  return length >= 0 && crc32(buffer.subarray(0, length)) === buffer.readUInt32BE(length)
}

/** The head at an offset, or undefined when there is none that checks. */
export function parseFrameHead(
  segment: Uint8Array,
  at: number,
): (FrameHead & { length: number }) | undefined {
  const buffer = view(segment)
  if (at + FRAME_HEAD_BYTES > buffer.length || buffer.readUInt32BE(at) !== MAGIC) return undefined
  if (crc32(buffer.subarray(at, at + 94)) !== buffer.readUInt32BE(at + 94)) return undefined
  const type = TYPES[buffer.readUInt8(at + 4)]
  const spoolClass = SPOOL_CLASSES[buffer.readUInt8(at + 5)]
  const length = buffer.readUInt32BE(at + 8)
  if (!type || !spoolClass || length > MAX_ENTRY_BYTES) return undefined
  return {
    type,
    class: spoolClass,
    carriesTombstones: (buffer.readUInt16BE(at + 6) & 1) === 1,
    length,
    ordinal: buffer.readUIntBE(at + 12, 6),
    boot: buffer.readUIntBE(at + 18, 6),
    seq: buffer.readUIntBE(at + 24, 6),
    hash: new Uint8Array(segment.slice(at + 30, at + 62)),
    prev: new Uint8Array(segment.slice(at + 62, at + 94)),
  }
}

/** Finds every frame of a segment, also behind damage: after a broken head it looks for the next good one. */
export function scanSegment(segment: Uint8Array): ScannedSegment {
  const buffer = view(segment)
  const frames: FoundFrame[] = []
  const damaged: { from: number; to: number }[] = []
  const spoil = (from: number, to: number): void => {
    const last = damaged.at(-1)
    if (last && last.to === from) last.to = to
    else if (to > from) damaged.push({ from, to })
  }
  let at = 0
  while (at < buffer.length) {
    const head = parseFrameHead(buffer, at)
    if (!head) {
      const next = nextHead(buffer, at + 1)
      spoil(at, next)
      at = next
      continue
    }
    const offset = at + FRAME_HEAD_BYTES
    const end = offset + head.length + FRAME_TAIL_BYTES
    const isWhole = end <= buffer.length && isPayloadGood(buffer.subarray(offset, end))
    frames.push({ ...head, offset, isPayloadGood: isWhole })
    if (!isWhole) spoil(at, Math.min(end, buffer.length))
    at = Math.min(end, buffer.length)
  }
  return { frames, damaged }
}

function nextHead(buffer: Buffer, from: number): number {
  const magic = Buffer.from([0x41, 0x53, 0x53, 0x46])
  for (let at = buffer.indexOf(magic, from); at >= 0; at = buffer.indexOf(magic, at + 1)) {
    if (parseFrameHead(buffer, at)) return at
  }
  return buffer.length
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
