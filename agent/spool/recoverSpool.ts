import type { Tombstone } from '#protocol/wire/header'
import type { DamagedEntry } from './damagedEntry.ts'
import { entryTombstones } from './entryTombstones.ts'
import { type FoundFrame, FRAME_HEAD_BYTES, FRAME_TAIL_BYTES, parseFrameHead, scanSegment } from './frame.ts'
import { missingTombstones } from './missingTombstones.ts'
import { readPayload } from './readEntry.ts'
import type { SegmentName, SegmentStore } from './segmentStore.ts'
import type { SpoolHead } from './spool.ts'
import { SpoolIndex } from './spoolIndex.ts'
import { EMPTY_STATE, newestState, type SpoolState } from './spoolState.ts'

/** What a spool goes on from after a stop or a kill. */
export type RecoveredSpool = {
  /** With everything found since it was saved and all damage counted in. */
  readonly state: SpoolState
  readonly index: SpoolIndex
  readonly carriers: Map<number, readonly Tombstone[]>
  readonly nextSegmentId: number
  readonly damagedBytes: number
  readonly damagedEntries: number
}

type Held = { segment: SegmentName; frame: FoundFrame }

/**
 * Reads back all segments of a store, one at a time. Damaged bytes are set aside, what stands behind them is kept, and
 * entries that are gone are counted and told in tombstones. Never throws on damage.
 */
export async function recoverSpool(store: SegmentStore): Promise<RecoveredSpool> {
  const names = await store.list()
  const saved = (await savedState(store, names)) ?? EMPTY_STATE
  const index = new SpoolIndex()
  const held = new Map<number, Held>()
  const broken = new Map<number, DamagedEntry>()
  let head: { ordinal: number; head: SpoolHead } | null = saved.head && {
    ordinal: saved.produced,
    head: saved.head,
  }
  let damagedBytes = 0

  for (const segment of names) {
    const scan = await readSegment(store, segment)
    damagedBytes += scan.damagedBytes
    for (const frame of scan.frames) {
      if (frame.type !== 'entry') continue
      index.noteBoot(frame, frame.ordinal)
      if (
        !head ||
        frame.ordinal > head.ordinal ||
        (frame.ordinal === head.ordinal && frame.boot > head.head.boot)
      )
        head = { ordinal: frame.ordinal, head: { boot: frame.boot, seq: frame.seq, hash: frame.hash } }
      if (frame.ordinal <= Math.max(saved.floors[frame.class], saved.ackedOrdinal)) continue
      if (!frame.isPayloadGood) {
        broken.set(frame.ordinal, frame)
        continue
      }
      // An append that failed late may have reached the disk after all; the boot opened after it holds the log.
      const rival = held.get(frame.ordinal)
      if (!rival || frame.boot > rival.frame.boot) held.set(frame.ordinal, { segment, frame })
    }
  }

  for (const segment of names) index.addSegment(segment)
  const carriers = new Map<number, readonly Tombstone[]>()
  for (const ordinal of [...held.keys()].sort((a, b) => a - b)) {
    const { segment, frame } = held.get(ordinal) as Held
    broken.delete(ordinal)
    index.add(segment, ordinal, frame, frame.offset, frame.length)
    if (!frame.carriesTombstones) continue
    const bytes = await readPayload(store, { segment, ...frame })
    if (bytes) carriers.set(ordinal, entryTombstones(bytes))
  }

  const produced = Math.max(saved.produced, head?.ordinal ?? 0)
  const spooledThen = saved.produced - saved.acked - saved.dropped.reduce((sum, each) => sum + each.count, 0)
  const heldThen = [...held.keys()].filter((ordinal) => ordinal <= saved.produced).length
  const missing = Math.max(0, spooledThen - heldThen) + (produced - saved.produced - (held.size - heldThen))
  const dropped = countDamaged(saved, missing, [...broken.values()])
  // What balances no state can explain is told as damage, so that the law holds from here on.
  const acked = produced - held.size - dropped.reduce((sum, each) => sum + each.count, 0)
  const state: SpoolState = { ...saved, produced, acked, dropped, head: head?.head ?? null }
  const tombstones = missing === 0 ? [] : await missingTombstones({ store, state, index, carriers, broken })
  return {
    state: { ...state, tombstones: [...state.tombstones, ...tombstones] },
    index,
    carriers,
    nextSegmentId: Math.max(0, ...names.map((name) => name.id)) + 1,
    damagedBytes,
    damagedEntries: missing,
  }
}

/** The newest of the state files and of the copies at the head of each segment. */
async function savedState(
  store: SegmentStore,
  names: readonly SegmentName[],
): Promise<SpoolState | undefined> {
  const fromFiles = newestState(await store.loadStates())
  if (fromFiles) return fromFiles
  const copies: Uint8Array[] = []
  for (const segment of names) {
    const bytes = await store.read(segment, 0, FRAME_HEAD_BYTES).catch(() => null)
    const head = bytes ? parseFrameHead(bytes, 0) : undefined
    if (head?.type !== 'state') continue
    const copy = await readPayload(store, {
      segment,
      ordinal: 0,
      offset: FRAME_HEAD_BYTES,
      length: head.length,
    })
    if (copy) copies.push(copy)
  }
  return newestState(copies)
}

async function readSegment(
  store: SegmentStore,
  segment: SegmentName,
): Promise<{ frames: readonly FoundFrame[]; damagedBytes: number }> {
  const bytes = await store.readAll(segment).catch(() => new Uint8Array(0))
  const { frames, damaged } = scanSegment(bytes)
  const damagedBytes = damaged.reduce((sum, range) => sum + range.to - range.from, 0)
  if (damagedBytes === 0) return { frames, damagedBytes }
  const good = frames.filter((frame) => frame.isPayloadGood)
  const ends = good.map((frame) => ({
    from: frame.offset - FRAME_HEAD_BYTES,
    to: frame.offset + frame.length + FRAME_TAIL_BYTES,
  }))
  try {
    await store.mend(segment, cut(bytes, ends), cut(bytes, damaged))
  } catch {
    // No space to mend: the good frames are read where they stand, and the next start tries again.
    return { frames, damagedBytes }
  }
  let at = 0
  const moved = good.map((frame) => {
    const offset = at + FRAME_HEAD_BYTES
    at = offset + frame.length + FRAME_TAIL_BYTES
    return { ...frame, offset }
  })
  return { frames: [...moved, ...frames.filter((frame) => !frame.isPayloadGood)], damagedBytes }
}

function countDamaged(
  saved: SpoolState,
  missing: number,
  broken: readonly DamagedEntry[],
): SpoolState['dropped'] {
  const counts = { telemetry: 0, event: 0, evidence: 0 }
  for (const each of broken.slice(0, missing)) counts[each.class]++
  // Where not even the head of a frame is left, its class is unknown: most entries are telemetry.
  counts.telemetry += missing - Math.min(missing, broken.length)
  const dropped = saved.dropped.map((each) => ({ ...each }))
  for (const spoolClass of ['telemetry', 'event', 'evidence'] as const) {
    if (counts[spoolClass] === 0) continue
    const known = dropped.find((each) => each.class === spoolClass && each.reason === 'damaged')
    if (known) known.count += counts[spoolClass]
    else dropped.push({ class: spoolClass, reason: 'damaged', count: counts[spoolClass] })
  }
  return dropped
}

function cut(bytes: Uint8Array, ranges: readonly { from: number; to: number }[]): Uint8Array {
  return Buffer.concat(ranges.map(({ from, to }) => bytes.subarray(from, to)))
}
