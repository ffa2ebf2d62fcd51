import type { Incident } from '#protocol/http/roundView'
import type { Position } from '#protocol/wire/header'
import type {
  AgentKey,
  AgentRecord,
  AgentState,
  ArchiveStats,
  ForkRecord,
  NewEntry,
  QuarantineItem,
  RoundRow,
  StoredEntry,
} from './archive.ts'
import type { WalkMeta } from './walkChain.ts'

/** A row of the entries table as linking sees it. */
export type EntryMeta = WalkMeta & { readonly linked: boolean }

/** An open store. Rows in and out, no rules: what `createArchive` builds an archive on. */
export type Tables = {
  close(): void
  /** All or nothing; durable on return. */
  transaction<T>(work: () => T): T

  insertEntry(entry: NewEntry, linked: boolean): number
  setLinked(id: number): void
  setVerdict(hash: Uint8Array, verdict: number): void
  entry(id: number): StoredEntry | undefined
  metasAt(agentId: Uint8Array, boot: number, seq: number): EntryMeta[]
  /** After `from`, up to `to` where given; ascending. */
  metas(agentId: Uint8Array, from: Position | null, to: Position | null): Iterable<EntryMeta>
  metaByHash(hash: string): EntryMeta | undefined
  /** The highest linked position. */
  head(agentId: Uint8Array): EntryMeta | undefined
  highest(agentId: Uint8Array): Position | undefined
  /** Ids of linked entries in falling order with their t0, read `page` at a time. */
  linkedDown(agentId: Uint8Array, page: number): Iterable<{ readonly id: number; readonly t0: number }>
  entriesInRange(
    agentId: Uint8Array,
    boot: number,
    fromSeq: number,
    toSeq: number,
    limit: number,
  ): StoredEntry[]
  /** Every branch at positions above (boot, seq), ascending. */
  laterEntries(agentId: Uint8Array, boot: number, seq: number, limit: number): StoredEntry[]
  entriesAfter(id: number, limit: number): { readonly lastId: number; readonly entries: StoredEntry[] }

  insertFork(fork: ForkRecord): void
  forks(): ForkRecord[]

  putAgent(agent: AgentRecord): void
  setAgentState(agentId: Uint8Array, state: AgentState, atMs: number): void
  agent(agentId: Uint8Array): AgentRecord | undefined
  agents(): AgentRecord[]
  agentKey(agentId: Uint8Array): AgentKey | undefined
  /** Ids alone, in order of enrolment; kept in memory. */
  agentIds(): readonly Uint8Array[]

  insertQuarantine(items: readonly QuarantineItem[]): void
  quarantined(limit: number): QuarantineItem[]
  insertIncident(incident: Incident): void
  incidents(limit: number): Incident[]

  putRound(row: RoundRow): void
  rounds(where: {
    n?: number
    fromN?: number
    kind?: string
    key?: string
    newestFirst?: boolean
    limit?: number
  }): RoundRow[]
  putMeta(name: string, text: string): void
  getMeta(name: string): string | undefined
  stats(): ArchiveStats
}
