import { type NvmlOut, type NvmlTier, tierPlan } from './nvmlCalls.ts'

/** What one call gave, live or replayed: its `nvmlReturn_t` and the bytes of its out parameters. */
export type RawCall = { readonly code: number; readonly out: Buffer }

/** Raw results of one device by key (see `NvmlCall.key`; fields are `field(ID)`, `out` = value type and 8 value bytes). */
export type RawCalls = ReadonlyMap<string, RawCall>

/** Bytes of one `nvmlFieldValue_t`. */
export const FIELD_BYTES = 40

type Slot = { readonly offset: number; readonly bytes: number }

/** Where each result of one tier lies in its frame: a return code (int32) and its out bytes, 8-aligned, per call. */
export type FrameLayout = {
  readonly bytes: number
  readonly slots: ReadonlyMap<string, Slot>
  /** The field values: one return code, then one 40-byte entry per field id. */
  readonly fields: { readonly offset: number; readonly ids: readonly number[] }
  /** A frame with version words and field ids in place and everything else zero. */
  readonly template: Buffer
}

const align8 = (n: number) => (n + 7) & ~7

/** Each out parameter starts 8-aligned, as the pointers handed to the library must. */
export function outOffsets(outs: readonly NvmlOut[]): {
  readonly offsets: readonly number[]
  readonly bytes: number
} {
  const offsets: number[] = []
  let bytes = 0
  for (const out of outs) {
    offsets.push(bytes)
    bytes += align8(out.bytes)
  }
  return { offsets, bytes }
}

/** The layout of one tier's frame; the same in the child that fills it and in the parent that reads it. */
export function frameLayout(tier: NvmlTier): FrameLayout {
  const { calls, fields } = tierPlan(tier)
  const slots = new Map<string, Slot>()
  const versions: { at: number; word: number }[] = []
  let offset = 0
  for (const call of calls) {
    const outs = call.params.filter((param) => param !== null && typeof param !== 'number')
    const { offsets, bytes } = outOffsets(outs)
    slots.set(call.key, { offset, bytes })
    outs.forEach((out, i) => {
      if (out.version !== undefined) versions.push({ at: offset + 8 + (offsets[i] ?? 0), word: out.version })
    })
    offset += 8 + bytes
  }
  const template = Buffer.alloc(offset + 8 + fields.length * FIELD_BYTES)
  for (const { at, word } of versions) template.writeUInt32LE(word, at)
  fields.forEach((id, i) => {
    template.writeUInt32LE(id, offset + 8 + i * FIELD_BYTES)
  })
  return { bytes: template.length, slots, fields: { offset, ids: fields }, template }
}

/** Reads a filled frame into raw calls. `out` buffers are views of the frame. */
export function readFrame(layout: FrameLayout, frame: Buffer): Map<string, RawCall> {
  const calls = new Map<string, RawCall>()
  for (const [key, { offset, bytes }] of layout.slots) {
    calls.set(key, { code: frame.readInt32LE(offset), out: frame.subarray(offset + 8, offset + 8 + bytes) })
  }
  const { offset, ids } = layout.fields
  const whole = frame.readInt32LE(offset)
  ids.forEach((id, i) => {
    const entry = offset + 8 + i * FIELD_BYTES
    calls.set(`field(${id})`, {
      code: whole === 0 ? frame.readInt32LE(entry + 28) : whole,
      out: Buffer.concat([frame.subarray(entry + 24, entry + 28), frame.subarray(entry + 32, entry + 40)]),
    })
  })
  return calls
}
