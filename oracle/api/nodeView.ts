import type { AssetsView, AssetView, SeriesView } from '#protocol/http/assetView'
import type { FeedInfo } from '#protocol/http/feedInfo'
import type { Incident, RoundSummary, RoundView } from '#protocol/http/roundView'
import type { AssetProof } from '#protocol/verify/assetProof'
import type { Admission } from '#protocol/wire/admission'
import type { Hex } from '#protocol/wire/chainView'
import type { PublishedRoundJson } from '../rounds/peerClient.ts'

/** What the node tells the API that happened. The API asks for the asset itself, at most twice a second each. */
export type NodeEvent =
  | { readonly kind: 'asset'; readonly assetId: string }
  | { readonly kind: 'round'; readonly summary: RoundSummary }
  | { readonly kind: 'incident'; readonly incident: Incident }

/** `GET /agents/{agentId}/head`: the newest durable entry of an agent. All hex without 0x. */
export type AgentHead = {
  readonly boot: number
  readonly seq: number
  readonly hash: string
  /** This node's COSE ack of it. */
  readonly ack: string
  /** The agent-signed COSE header. */
  readonly header: string
}

/** One row of `GET /agents`. Ids are hex without 0x; `evidenceDigest` is what an admission of its assets must cite. */
export type EnrolledAgent = {
  readonly agentId: string
  readonly state: 'pending' | 'approved' | 'retired'
  readonly evidenceDigest: Hex
  readonly source: string
  readonly devices: readonly {
    readonly assetId: string
    readonly model: string
    readonly identityQuality: string
  }[]
}

/** `GET /peer/rounds/{n}`: everything signed that this node holds of a round, its own and what it heard. */
export type PeerRound = PublishedRoundJson

/** `GET /healthz`: `ok` is false when the node must not be relied on; `problems` says why, one sentence each. */
export type NodeHealth = {
  readonly ok: boolean
  readonly round: number | null
  readonly problems: readonly string[]
}

/**
 * What the HTTP API needs of a node: plain data, read on request. A getter that does not know what it is asked for
 * gives undefined (404); one that refuses throws a coded AssayError (its code, sentence and remedy go to the client).
 * Ids are lower-case hex without 0x throughout.
 */
export type NodeView = {
  feed(): Promise<FeedInfo>
  assets(): Promise<AssetsView>
  asset(assetId: string): Promise<AssetView | undefined>
  /** At most `max` points at or after `sinceMs`, thinned evenly; gaps are nulls. Unknown asset: undefined. */
  series(
    assetId: string,
    metrics: readonly string[],
    sinceMs: number,
    max: number,
  ): Promise<SeriesView | undefined>
  /** `latest` is the newest posted one; when none is posted yet, the newest of any state. */
  round(n: number | 'latest'): Promise<RoundView | undefined>
  /** Newest first. */
  rounds(limit: number): Promise<readonly RoundSummary[]>
  /** `latest` is the newest posted round. */
  assetProof(assetId: string, round: number | 'latest'): Promise<AssetProof | undefined>
  /** A posted round with everything it follows from, as an `.assay` file; undefined when not computed here. */
  roundBundle(n: number | 'latest'): Promise<Uint8Array | undefined>
  /** Newest first. */
  incidents(limit: number): Promise<readonly Incident[]>
  health(): Promise<NodeHealth>
  /** The node's own metrics in Prometheus text format; the API appends those of HTTP. */
  metricsText(): Promise<string>
  /** Calls `listener` for each event until the returned function is called. */
  subscribe(listener: (event: NodeEvent) => void): () => void

  /** Takes a COSE enrolment (`assay/enrolment/1`). Throws a coded error when it does not hold. */
  enrol(
    cose: Uint8Array,
    context: { readonly token?: string; readonly loopback: boolean },
  ): Promise<{ readonly agentId: string; readonly state: 'pending' | 'approved' }>
  /** Enrolled agents with what an admission needs; no serial among it. */
  agents(): Promise<readonly EnrolledAgent[]>
  agentHead(agentId: string): Promise<AgentHead | undefined>
  /** Canonical roster bytes. */
  roster(): Promise<Uint8Array>

  /** Entry bytes of one boot, ascending by seq, every branch of a fork; empty when there are none. */
  archiveRange(agentId: string, boot: number, from: number, to: number): Promise<readonly Uint8Array[]>
  /** Entry bytes above a position, ascending, every branch of a fork; a page of them. */
  archiveAfter(agentId: string, boot: number, seq: number): Promise<readonly Uint8Array[]>
  archiveEntry(headerHash: string): Promise<Uint8Array | undefined>
  peerRound(n: number): Promise<PeerRound | undefined>
  /** Round state bytes: of this report digest (hex without 0x), or of the one agreed here. */
  peerState(round: number, digest?: string): Promise<Uint8Array | undefined>
  /** Signs an admission that this node's policy approved; throws a coded error for any other. 64 bytes (EIP-2098). */
  signAdmission(admission: Admission): Promise<Hex>
}
