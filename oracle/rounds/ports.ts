import type { Primitives, Signer } from '#protocol/primitives'
import type { FeedParams, RoundInput, RoundResult } from '#protocol/score/round'
import type { ForkProof, LogHead } from '#protocol/wire/ackList'
import type { ChainView, EpochRef, Hex } from '#protocol/wire/chainView'
import type { Entry } from '#protocol/wire/entry'
import type { Position } from '#protocol/wire/header'
import type { Roster } from '#protocol/wire/roster'
import type { AckWatch } from './ackWatch.ts'

/** An existing epoch with its anchor block. */
export type OpenEpoch = EpochRef & {
  readonly anchor: { readonly number: number; readonly hash: Hex; readonly timestamp: number }
}

/** The logs as this node holds them, durable. */
export type LogStore = {
  heads(): readonly LogHead[]
  forks(): readonly ForkProof[]
  /** Entries after `after` (exclusive, null = from the start) up to exactly `to`, linked; null when one is missing. */
  chain(agentId: Hex, after: LogHead | null, to: LogHead): readonly Entry[] | null
  /** Whether an agent-signed header with this position and hash is held. */
  holds(agentId: Hex, head: LogHead): boolean
  publicKey(agentId: Hex): Uint8Array | undefined
  /** Takes entries from a peer through the same verification as any other; resolves when they are durable. */
  addFromPeer(entries: readonly Uint8Array[]): Promise<void>
}

/** What a round leaves behind at a node; `key` tells several of a kind apart. Writes are durable on return. */
export type RoundStore = {
  get(n: number, kind: RoundKind, key?: string): Uint8Array | undefined
  put(n: number, kind: RoundKind, bytes: Uint8Array, key?: string): void
}
export type RoundKind =
  | 'ackList'
  | 'proposal'
  | 'signature'
  | 'state'
  | 'served'
  | 'record'
  | 'named'
  | 'scores'
  | 'frame'

/** Another node of the roster, as this one reaches it. Every method resolves to undefined when it does not answer. */
export type Peer = {
  readonly nodeId: Hex
  round(n: number): Promise<PublishedRound | undefined>
  archive(agentId: Hex, boot: number, from: number, to: number): Promise<readonly Uint8Array[] | undefined>
  /** Entries of every branch at positions above `position` (null: all), ascending; a page of them. */
  after(agentId: Hex, position: Position | null): Promise<readonly Uint8Array[] | undefined>
  /** The state that the node computed for a round under this report digest. */
  state(round: number, digest: Hex): Promise<Uint8Array | undefined>
}

/** One report signature as nodes pass it on. `proposal` is the payload hash of the proposal that it answers. */
export type RoundSignature = {
  readonly nodeId: Hex
  readonly digest: Hex
  readonly proposal: Hex
  readonly signature: Hex
}

/** Everything of one round that a node holds and passes on: its own words and those of others, all signed. */
export type PublishedRound = {
  readonly n: number
  readonly ackLists: readonly Uint8Array[]
  readonly proposals: readonly Uint8Array[]
  readonly signatures: readonly RoundSignature[]
  readonly dissents: readonly Uint8Array[]
}

/** Something that a person must know: who broke which rule, what was lost. */
export type IncidentKind =
  | 'ack-list-below-acks'
  | 'two-ack-lists'
  | 'two-proposals'
  | 'header-missing'
  | 'dissent'
  | 'two-digests'
  | 'fork'
  | 'rolled-back'
  | 'round-skipped'
  | 'state-missing'
  | 'compute-failed'
  | 'methodology'
  | 'not-in-roster'
  | 'clock-skew'
  | 'rejected'
  | 'chain'
  | 'fault'
  | 'transmitter'
export type RaiseIncident = (incident: {
  kind: IncidentKind
  subject: string
  round?: number
  text: string
}) => void

/** The constant surroundings of the round engine. */
export type RoundContext = {
  readonly roster: Roster
  readonly params: FeedParams
  readonly nodeId: Hex
  readonly transport: Signer
  /** Signs a 32-byte EIP-712 digest with the report key: 64 bytes (EIP-2098). */
  readonly signReport: (digest: Uint8Array) => Uint8Array
  readonly primitives: Primitives
  readonly logs: LogStore
  readonly store: RoundStore
  readonly peers: readonly Peer[]
  readonly acks: AckWatch
  readonly compute: (input: RoundInput, primitives: Primitives) => RoundResult
  readonly readView: (block: { number: number; hash: Hex }) => Promise<ChainView>
  readonly incident: RaiseIncident
  readonly now: () => number
}
