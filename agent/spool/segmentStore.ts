import type { SpoolClass } from '#protocol/wire/header'

/** A segment: entries of one class in ascending order. Ids rise and are not used twice while files of them exist. */
export type SegmentName = { readonly class: SpoolClass; readonly id: number }

/**
 * Where segments and the state of the accounting are kept. What `append` and `saveState` returned from is durable.
 * Two implementations: disk and memory.
 */
export type SegmentStore = {
  /** @throws AssayError AGENT_STATE_DIRECTORY */
  start(): Promise<void>
  stop(): Promise<void>
  /** All segments, ascending by id. */
  list(): Promise<SegmentName[]>
  readAll(name: SegmentName): Promise<Uint8Array>
  create(name: SegmentName): Promise<void>
  /**
   * Appends at `at`, the end of what is good.
   * @throws AssayError AGENT_SPOOL_FULL when nothing of it was kept, AGENT_SPOOL_WRITE when that is not known
   */
  append(name: SegmentName, bytes: Uint8Array, at: number): Promise<void>
  read(name: SegmentName, offset: number, length: number): Promise<Uint8Array>
  remove(name: SegmentName): Promise<void>
  /** Replaces a segment by its good frames and keeps the damaged bytes in a side file, as far as space allows. */
  mend(name: SegmentName, good: Uint8Array, damaged: Uint8Array): Promise<void>
  /** The last states saved, in any order; any of them may be damaged or followed by older bytes. */
  loadStates(): Promise<Uint8Array[]>
  /** Saves a state; the one of the generation before stays whole until this one is durable. */
  saveState(bytes: Uint8Array, generation: number): Promise<void>
}
