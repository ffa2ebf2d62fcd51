import type { Incident } from '#protocol/http/roundView'
import type { ForkProof, LogHead } from '#protocol/wire/ackList'
import type { EntryKind, Position, Tombstone } from '#protocol/wire/header'

/** One entry as archived: the bytes as they came, and what is looked up by. Times are milliseconds. */
export type StoredEntry = {
  readonly agentId: Uint8Array
  readonly boot: number
  readonly seq: number
  readonly hash: Uint8Array
  readonly prev: Uint8Array
  readonly kind: EntryKind
  /** Epoch that the header quotes; null before the agent heard of one. */
  readonly epochN: number | null
  readonly t0: number
  readonly receivedAtMs: number
  /** A code of `oracle/ingest/verdicts.ts`; 0: nothing found against it so far. */
  readonly verdict: number
  readonly bytes: Uint8Array
}

/** An entry to archive, with the tombstones of its header: they bridge what the agent gave up. */
export type NewEntry = StoredEntry & { readonly tombstones: readonly Tombstone[] }

export type AppendResult = {
  /** Per entry given: false when exactly this entry was there already. */
  readonly inserted: readonly boolean[]
  /** What the heads advanced over, in log order; entries that arrived earlier out of order included. */
  readonly linked: readonly StoredEntry[]
  /** Head of every agent in the batch, those that have one. */
  readonly heads: readonly LogHead[]
  readonly forks: readonly ForkRecord[]
  /** Agents whose head left its branch for a later boot that links to an ancestor of it (restored from a backup). */
  readonly rolledBack: readonly Uint8Array[]
}

export type AgentState = 'pending' | 'approved' | 'retired'

/** One enrolled agent. `publicKey` is 65 bytes SEC1, `enrolment` the COSE object as it came. */
export type AgentRecord = {
  readonly agentId: Uint8Array
  readonly publicKey: Uint8Array
  readonly enrolment: Uint8Array
  readonly state: AgentState
  readonly enrolledAtMs: number
  readonly changedAtMs: number
}

export type AgentKey = Pick<AgentRecord, 'publicKey' | 'state'>

/** Two agent-signed headers at one position; `first` is the hash of the one seen first. */
export type ForkRecord = Position & {
  readonly agentId: Uint8Array
  readonly first: Uint8Array
  readonly second: Uint8Array
  readonly atMs: number
}

/** Bytes that proved nothing, kept for a person to look at. `topicAgent` is what the topic claimed. */
export type QuarantineItem = {
  readonly atMs: number
  readonly reason: string
  readonly topicAgent: string
  readonly bytes: Uint8Array
}

/** One object of the round engine: `kind` and `key` are the engine's own words. */
export type RoundRow = {
  readonly n: number
  readonly kind: string
  readonly key: string
  readonly bytes: Uint8Array
  readonly atMs: number
}

export type ArchiveStats = {
  readonly entries: number
  /** Size of the store in bytes. */
  readonly bytes: number
  readonly agents: number
  readonly forks: number
  readonly quarantined: number
  readonly incidents: number
}

export type ChainPoint = Position & { readonly hash: Uint8Array }

export type ChainRange = {
  /** In log order. */
  readonly entries: readonly StoredEntry[]
  /** Whether the chain of `to` passes through `from`. */
  readonly linked: boolean
}

/**
 * Everything that one node keeps: signed log entries as they came, agents, its own round objects. Calls are
 * synchronous; what a writing call returned from is durable. Every call may throw ORACLE_ARCHIVE_WRITE (nothing of the
 * call was kept) or ORACLE_ARCHIVE_OPEN.
 */
export type Archive = {
  /** Opens the store and finds the heads. @throws AssayError ORACLE_ARCHIVE_OPEN */
  start(): void
  stop(): void

  /** Stores entries in one transaction. Their agents must be known; signatures are the caller's business. */
  appendBatch(entries: readonly NewEntry[]): AppendResult
  setVerdict(hash: Uint8Array, verdict: number): void

  /** How far a log is durable and gapless; undefined when nothing of it is. */
  head(agentId: Uint8Array): LogHead | undefined
  heads(): LogHead[]
  /** Whether exactly this entry is held; cheap for anything newer than all that is held. */
  holds(agentId: Uint8Array, position: Position, hash: Uint8Array): boolean
  waitingCount(agentId: Uint8Array): number
  /** Entries held beyond the head, and the lowest of their positions. */
  waiting(agentId: Uint8Array): { readonly count: number; readonly lowest: Position } | undefined
  /**
   * The entries after `from` up to and including `to`, found by following the links back from `to`. A tombstone
   * inside the range wins over entries that happen to be held, so that every node sees the same range.
   * @throws AssayError ORACLE_ARCHIVE_GAP when an entry of the chain is neither held nor covered by a tombstone
   */
  entriesBetween(agentId: Uint8Array, from: ChainPoint | null, to: ChainPoint): ChainRange
  /** Whether {@link entriesBetween} would find the whole range. */
  holdsChain(agentId: Uint8Array, from: ChainPoint | null, to: ChainPoint): boolean
  /** Every branch at one position, first seen first. */
  entriesAt(agentId: Uint8Array, boot: number, seq: number): StoredEntry[]
  /** Every branch of a range of one boot, ascending; at most `limit` entries. */
  entriesInRange(
    agentId: Uint8Array,
    boot: number,
    fromSeq: number,
    toSeq: number,
    limit?: number,
  ): StoredEntry[]
  /** Every branch at positions above `after` (null: all), ascending; at most `limit` (1024) entries. */
  entriesAfter(agentId: Uint8Array, after: Position | null, limit?: number): StoredEntry[]
  /** Linked entries with t0 at or after `sinceMs`, ascending: the newest `limit` of them, or `limit` evenly spread. */
  entriesSince(
    agentId: Uint8Array,
    sinceMs: number,
    limit?: number,
    pick?: 'newest' | 'spread',
  ): StoredEntry[]
  entryByHash(hash: Uint8Array): StoredEntry | undefined
  /** All entries in order of arrival. */
  iterate(): IterableIterator<StoredEntry>

  forks(): ForkRecord[]
  forkProofs(): ForkProof[]

  putAgent(agent: AgentRecord): void
  setAgentState(agentId: Uint8Array, state: AgentState, atMs: number): void
  agent(agentId: Uint8Array): AgentRecord | undefined
  agents(): AgentRecord[]
  /** What ingest needs of an agent, from memory. */
  agentKey(agentId: Uint8Array): AgentKey | undefined

  /** Keeps the newest items within a bound of rows and bytes. */
  quarantine(items: readonly QuarantineItem[]): void
  quarantined(limit: number): QuarantineItem[]
  addIncident(incident: Incident): void
  /** Newest first. */
  incidents(limit: number): Incident[]

  /** Inserts or replaces. `key` tells objects of one kind apart (a node id). */
  putRound(n: number, kind: string, bytes: Uint8Array, key?: string): void
  /** Inserts when there is none; returns the bytes that stand. What makes "one signature per round, ever" durable. */
  claimRound(n: number, kind: string, bytes: Uint8Array, key?: string): Uint8Array
  getRound(n: number, kind: string, key?: string): Uint8Array | undefined
  roundsOf(n: number): RoundRow[]
  /** Ascending by n. */
  roundsFrom(n: number, kind?: string): RoundRow[]
  /** Descending by n. */
  lastRounds(kind: string, limit: number): RoundRow[]
  /** Small texts by name. */
  putMeta(name: string, text: string): void
  getMeta(name: string): string | undefined

  stats(): ArchiveStats
}
