import type { Counters, Position, SpoolClass, Tombstone } from '#protocol/wire/header'

/** One signed entry on its way into the spool. `tombstones` are those that its header carries. */
export type SpoolEntry = Position & {
  readonly class: SpoolClass
  readonly hash: Uint8Array
  readonly prev: Uint8Array
  readonly bytes: Uint8Array
  readonly tombstones: readonly Tombstone[]
}

/** The newest entry ever appended, kept also when it has long been acked. */
export type SpoolHead = Position & { readonly hash: Uint8Array }

/** What starting found on the disk. */
export type SpoolRecovery = {
  /** Null before the first entry. */
  readonly head: SpoolHead | null
  /** Bytes set aside because they did not check. */
  readonly damagedBytes: number
  /** Entries that were in them, as far as that can be known. */
  readonly damagedEntries: number
}

/** What an ack meant: `ahead` = a position beyond this log; `conflict` = another hash under a position held here. */
export type AckOutcome = 'advanced' | 'noted' | 'known' | 'ahead' | 'conflict'

/** What happens to entries in between calls. */
export type SpoolSink = {
  /** Entries were given up over a quota or for want of disk space. */
  thinned?(entries: number): void
  /** Entries were found damaged while the agent runs. */
  damaged?(bytes: number): void
}

/**
 * Signed entries between signing and M acks. Entries are numbered by ordinals 1, 2, 3 … in log order, over all boots.
 * The conservation law `produced = acked + spooled + dropped` holds at every moment and after every kill.
 */
export interface Spool {
  /** Finds what was left; damage is set aside and counted, never a reason to refuse. @throws AssayError AGENT_STATE_DIRECTORY */
  start(sink?: SpoolSink): Promise<SpoolRecovery>
  stop(): Promise<void>
  /**
   * Makes an entry durable and answers its ordinal. Its position must follow the one before.
   * @throws AssayError AGENT_SPOOL_FULL (nothing was kept, the position may be used again) or AGENT_SPOOL_WRITE
   * (unknown what was kept: the caller must open a new boot)
   */
  append(entry: SpoolEntry): Promise<number>
  /** The bytes of an entry, or null when it is no longer held. */
  read(ordinal: number): Promise<{ bytes: Uint8Array; class: SpoolClass } | null>
  /** Ordinals of held entries after `after`, ascending, at most `most`. */
  next(after: number, most: number): number[]
  /** Held entries whose header carries tombstones, those of the earliest holes first. */
  carriers(): number[]
  /** Whose acks count, and how many are needed. */
  setRoster(nodeIds: readonly string[], threshold: number): Promise<void>
  /** Takes in a verified ack; `nodeId` is hex. */
  acked(nodeId: string, position: Position, hash: Uint8Array): Promise<AckOutcome>
  /** Gives up everything held, counted as `superseded`: the nodes follow a branch that none of it links to. */
  supersede(): Promise<void>
  /** Every entry up to this ordinal has M acks or was dropped. */
  ackedOrdinal(): number
  ordinalOf(position: Position): number | undefined
  counters(): Counters
  /** Bytes held per class. */
  bytesHeld(): Readonly<Record<SpoolClass, number>>
  /** Tombstones that the next header must carry, oldest first. */
  pendingTombstones(most: number): Tombstone[]
  head(): SpoolHead | null
}
