import { agentError } from '../agentErrors.ts'
import type { SegmentName, SegmentStore } from './segmentStore.ts'

/** Segments in memory: for one-shot runs without a state directory. `capacity` in bytes bounds it like a disk. */
export function createMemoryStore(capacity = Number.POSITIVE_INFINITY): SegmentStore {
  const segments = new Map<string, { name: SegmentName; bytes: Uint8Array }>()
  let state: Uint8Array | null = null
  const keyOf = (name: SegmentName): string => `${name.class}-${name.id}`
  const bytesOf = (name: SegmentName): Uint8Array => segments.get(keyOf(name))?.bytes ?? new Uint8Array(0)
  const used = (): number => [...segments.values()].reduce((sum, each) => sum + each.bytes.length, 0)

  return {
    start: async () => {},
    stop: async () => {},
    list: async () => [...segments.values()].map((each) => each.name).sort((a, b) => a.id - b.id),
    readAll: async (name) => bytesOf(name).slice(),
    create: async (name) => {
      segments.set(keyOf(name), { name, bytes: new Uint8Array(0) })
    },
    append: async (name, bytes, at) => {
      if (used() + bytes.length > capacity) throw agentError('AGENT_SPOOL_FULL', { capacity })
      const grown = new Uint8Array(at + bytes.length)
      grown.set(bytesOf(name).subarray(0, at))
      grown.set(bytes, at)
      segments.set(keyOf(name), { name, bytes: grown })
    },
    read: async (name, offset, length) => bytesOf(name).slice(offset, offset + length),
    remove: async (name) => {
      segments.delete(keyOf(name))
    },
    mend: async (name, good) => {
      segments.set(keyOf(name), { name, bytes: good.slice() })
    },
    loadStates: async () => (state ? [state] : []),
    saveState: async (bytes) => {
      state = bytes.slice()
    },
  }
}
