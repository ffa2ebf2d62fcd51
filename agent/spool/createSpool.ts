import { sameBytes } from '#protocol/bytes'
import { type DropReason, SPOOL_CLASSES, type SpoolClass, type Tombstone } from '#protocol/wire/header'
import { agentError } from '../agentErrors.ts'
import { encodeFrame, FRAME_HEAD_BYTES } from './frame.ts'
import { createMutex } from './mutex.ts'
import { readHead, readPayload } from './readEntry.ts'
import { recoverSpool } from './recoverSpool.ts'
import type { SegmentName, SegmentStore } from './segmentStore.ts'
import type { AckOutcome, Spool, SpoolSink } from './spool.ts'
import { SpoolIndex } from './spoolIndex.ts'
import { EMPTY_STATE, encodeState, type NodeAck, type SpoolState } from './spoolState.ts'
import { thinnedTombstones } from './thinnedTombstones.ts'
import { mergeTombstones, sameTombstone } from './tombstones.ts'

/** Bounds of a spool. Quotas are bytes per class. */
export type SpoolOptions = {
  readonly quotas: Readonly<Record<SpoolClass, number>>
  /** How long an advance of the acks may wait for the disk; what a kill loses of it is acked again. */
  readonly saveAfterMs?: number
}

const MAX_SEGMENT_BYTES = 4 * 2 ** 20

/** A spool over a store; see {@link Spool}. */
export function createSpool(store: SegmentStore, options: SpoolOptions): Spool {
  const { quotas, saveAfterMs = 5000 } = options
  const exclusive = createMutex()
  let sink: SpoolSink = {}
  let state: SpoolState = EMPTY_STATE
  let index = new SpoolIndex()
  let carriers = new Map<number, readonly Tombstone[]>()
  let nextSegmentId = 1
  let isRunning = false
  let roster: { nodeIds: readonly string[]; threshold: number } = { nodeIds: [], threshold: 0 }
  let saveTimer: NodeJS.Timeout | undefined
  const active: Record<SpoolClass, { name: SegmentName; size: number } | null> = {
    telemetry: null,
    event: null,
    evidence: null,
  }

  function running(): void {
    if (!isRunning) throw agentError('AGENT_SPOOL_STATE')
  }

  async function save(change: Partial<SpoolState> = {}): Promise<void> {
    const next = { ...state, ...change, generation: state.generation + 1 }
    await store.saveState(encodeState(next), next.generation)
    state = next
  }

  function saveSoon(): void {
    saveTimer ??= setTimeout(() => {
      saveTimer = undefined
      void exclusive(settle).catch(() => {})
    }, saveAfterMs).unref()
  }

  /** Saves the state, then removes segments that hold nothing: in this order a kill never loses a count. */
  async function settle(): Promise<void> {
    await save()
    const gone = index.takeEmpty(SPOOL_CLASSES.map((each) => active[each]?.name ?? null))
    for (const name of gone) await store.remove(name)
    index.forgetBoots(state.ackedOrdinal)
  }

  async function segmentFor(spoolClass: SpoolClass): Promise<{ name: SegmentName; size: number }> {
    const limit = Math.min(MAX_SEGMENT_BYTES, Math.floor(quotas[spoolClass] / 16))
    const current = active[spoolClass]
    if (current && current.size < limit) return current
    const name = { class: spoolClass, id: nextSegmentId++ }
    await store.create(name)
    const frame = encodeFrame(STATE_FRAME(spoolClass), encodeState(state))
    await store.append(name, frame, 0)
    index.addSegment(name)
    const opened = { name, size: frame.length }
    active[spoolClass] = opened
    return opened
  }

  /** Gives up the oldest closed segment of a class; false when there is none. */
  async function thin(spoolClass: SpoolClass): Promise<boolean> {
    const places = index.oldest(spoolClass, active[spoolClass]?.name ?? null)
    const last = places.at(-1)
    if (!last) return false
    const returned = places.flatMap((place) => carriers.get(place.ordinal) ?? [])
    const tombstones = await thinnedTombstones(store, index, places)
    const dropped = countUp(state.dropped, spoolClass, 'quota', places.length)
    await save({
      dropped,
      floors: { ...state.floors, [spoolClass]: Math.max(state.floors[spoolClass], last.ordinal) },
      tombstones: mergeTombstones([...state.tombstones, ...returned, ...tombstones]),
    })
    for (const place of places) carriers.delete(place.ordinal)
    index.forgetUpTo(last.ordinal, spoolClass)
    await settle()
    sink.thinned?.(places.length)
    return true
  }

  async function setAcked(acks: readonly NodeAck[]): Promise<boolean> {
    const counting = acks.filter((ack) => roster.nodeIds.includes(ack.nodeId))
    const ranked = counting.sort((a, b) => b.ordinal - a.ordinal)
    const decisive = roster.threshold > 0 ? ranked[roster.threshold - 1] : undefined
    if (!decisive || decisive.ordinal <= state.ackedOrdinal) {
      state = { ...state, nodeAcks: acks }
      return false
    }
    const newly = index.forgetUpTo(decisive.ordinal)
    for (const ordinal of [...carriers.keys()]) if (ordinal <= decisive.ordinal) carriers.delete(ordinal)
    state = {
      ...state,
      nodeAcks: acks,
      acked: state.acked + newly,
      ackedOrdinal: decisive.ordinal,
      ackedHash: decisive.hash,
    }
    saveSoon()
    return true
  }

  async function markDamaged(ordinal: number, spoolClass: SpoolClass): Promise<void> {
    const place = index.find(ordinal)
    if (!place) return
    const tombstones = await thinnedTombstones(store, index, [place], 'damaged')
    const returned = carriers.get(ordinal) ?? []
    index.forget(ordinal)
    carriers.delete(ordinal)
    state = {
      ...state,
      dropped: countUp(state.dropped, spoolClass, 'damaged', 1),
      tombstones: mergeTombstones([...state.tombstones, ...returned, ...tombstones]),
    }
    await save()
    sink.damaged?.(place.length)
  }

  return {
    start: (given = {}) =>
      exclusive(async () => {
        sink = given
        await store.start()
        const found = await recoverSpool(store)
        ;({ index, carriers, nextSegmentId } = found)
        state = { ...found.state, tombstones: mergeTombstones(found.state.tombstones) }
        isRunning = true
        // Both places of the state are written, so that later saves need no new space. A full disk must not keep the
        // agent from starting: the same is found again at the next start.
        await save()
          .then(settle)
          .catch(() => {})
        return {
          head: state.head,
          damagedBytes: found.damagedBytes,
          damagedEntries: found.damagedEntries,
        }
      }),

    stop: () =>
      exclusive(async () => {
        if (!isRunning) return
        isRunning = false
        clearTimeout(saveTimer)
        saveTimer = undefined
        await settle().catch(() => {})
        for (const spoolClass of SPOOL_CLASSES) active[spoolClass] = null
        await store.stop()
      }),

    append: (entry) =>
      exclusive(async () => {
        running()
        const ordinal = state.produced + 1
        const frame = encodeFrame(
          { ...entry, type: 'entry', ordinal, carriesTombstones: entry.tombstones.length > 0 },
          entry.bytes,
        )
        const segment = await appendOrThin(entry.class, frame)
        const offset = segment.size + FRAME_HEAD_BYTES
        segment.size += frame.length
        index.add(segment.name, ordinal, entry, offset, entry.bytes.length)
        if (entry.tombstones.length > 0) carriers.set(ordinal, entry.tombstones)
        state = {
          ...state,
          produced: ordinal,
          head: { boot: entry.boot, seq: entry.seq, hash: entry.hash },
          tombstones: state.tombstones.filter(
            (pending) => !entry.tombstones.some((carried) => sameTombstone(pending, carried)),
          ),
        }
        // Thinning that fails leaves the spool over its quota until the next entry tries again.
        if (index.bytes(entry.class) > quotas[entry.class]) await thin(entry.class).catch(() => {})
        return ordinal
      }),

    read: (ordinal) =>
      exclusive(async () => {
        running()
        const place = index.find(ordinal)
        if (!place) return null
        const bytes = await readPayload(store, place)
        if (bytes) return { bytes, class: place.segment.class }
        await markDamaged(ordinal, place.segment.class)
        return null
      }),

    next: (after, most) => index.next(Math.max(after, state.ackedOrdinal), most),
    carriers: () => {
      const earliest = (ordinal: number): number =>
        Math.min(
          ...(carriers.get(ordinal) ?? []).map((each) => index.ordinalOf(each.from) ?? state.ackedOrdinal),
        )
      return [...carriers.keys()].sort((a, b) => earliest(a) - earliest(b) || a - b)
    },

    setRoster: (nodeIds, threshold) =>
      exclusive(async () => {
        roster = { nodeIds, threshold }
        await setAcked(state.nodeAcks)
      }),

    acked: (nodeId, position, hash) =>
      exclusive(async (): Promise<AckOutcome> => {
        running()
        const ordinal = index.ordinalOf(position)
        const isBehind = state.head === null || position.boot > state.head.boot
        if (ordinal === undefined) return isBehind ? 'ahead' : 'known'
        if (ordinal > state.produced) return 'ahead'
        const before = state.nodeAcks.find((ack) => ack.nodeId === nodeId)
        if (before && before.ordinal >= ordinal) return 'known'
        const place = index.find(ordinal)
        const ours = place && (await readHead(store, place))
        if (ours && !sameBytes(ours.hash, hash)) return 'conflict'
        // A position that was dropped here cannot be compared; the next ack of this node will be.
        if (!ours && ordinal > state.ackedOrdinal) return 'known'
        const others = state.nodeAcks.filter((ack) => ack.nodeId !== nodeId)
        const isAdvance = await setAcked([...others, { nodeId, ordinal, hash }])
        return isAdvance ? 'advanced' : 'noted'
      }),

    supersede: () =>
      exclusive(async () => {
        running()
        let dropped = state.dropped
        const floors = { ...state.floors }
        for (const spoolClass of SPOOL_CLASSES) {
          const count = index.forgetUpTo(state.produced, spoolClass)
          if (count > 0) dropped = countUp(dropped, spoolClass, 'superseded', count)
          floors[spoolClass] = state.produced
        }
        carriers.clear()
        state = { ...state, dropped, floors, tombstones: [] }
        await settle()
      }),

    ackedOrdinal: () => state.ackedOrdinal,
    ordinalOf: (position) => index.ordinalOf(position),
    counters: () => ({
      produced: state.produced,
      acked: state.acked,
      spooled: index.count,
      dropped: state.dropped,
    }),
    bytesHeld: () => ({
      telemetry: index.bytes('telemetry'),
      event: index.bytes('event'),
      evidence: index.bytes('evidence'),
    }),
    pendingTombstones: (most) => state.tombstones.slice(0, most),
    head: () => state.head,
  }

  /** On a full disk the oldest telemetry makes room for the newest entry. */
  async function appendOrThin(
    spoolClass: SpoolClass,
    frame: Uint8Array,
  ): Promise<{ name: SegmentName; size: number }> {
    for (;;) {
      try {
        const segment = await segmentFor(spoolClass)
        await store.append(segment.name, frame, segment.size)
        return segment
      } catch (error) {
        const isFull = (error as { code?: string }).code === 'AGENT_SPOOL_FULL'
        if (!isFull) active[spoolClass] = null
        if (!isFull || !(await thin('telemetry').catch(() => false))) throw error
      }
    }
  }
}

const NO_HASH = new Uint8Array(32)
const STATE_FRAME = (spoolClass: SpoolClass) =>
  ({
    type: 'state',
    class: spoolClass,
    carriesTombstones: false,
    ordinal: 0,
    boot: 0,
    seq: 0,
    hash: NO_HASH,
    prev: NO_HASH,
  }) as const

function countUp(
  dropped: SpoolState['dropped'],
  spoolClass: SpoolClass,
  reason: DropReason,
  count: number,
): SpoolState['dropped'] {
  const found = dropped.find((each) => each.class === spoolClass && each.reason === reason)
  if (!found) return [...dropped, { class: spoolClass, reason, count }]
  return dropped.map((each) => (each === found ? { ...each, count: each.count + count } : each))
}
