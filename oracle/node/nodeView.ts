import { fromHex, toHex } from '#protocol/bytes'
import type { FeedInfo } from '#protocol/http/feedInfo'
import { CHS1 } from '#protocol/score/methodology'
import { methodologyHash } from '#protocol/score/methodologyHash'
import type { Hex } from '#protocol/wire/chainView'
import { parseSign1 } from '#protocol/wire/cose'
import { decodeEnrolment } from '#protocol/wire/enrolment'
import { parseEntry } from '#protocol/wire/entry'
import type { MetricName } from '#protocol/wire/metrics'
import { encodeRoster, rosterFingerprint } from '#protocol/wire/roster'
import type { NodeEvent, NodeView } from '../api/nodeView.ts'
import { type ApprovalPolicy, devicesOf, enrolAgent } from '../ingest/enrol.ts'
import { writeRound } from '../rounds/peerClient.ts'
import { getRecord } from '../rounds/roundRecord.ts'
import { enrolmentDigest, signAdmission } from './admissions.ts'
import { assetView, assetViews } from './assetViews.ts'
import { NOT_PROVEN } from './notProven.ts'
import type { NodeParts } from './parts.ts'
import { assetProof } from './proofView.ts'
import { roundBundleFile } from './roundBundleView.ts'
import { roundSummaries, roundView } from './roundViews.ts'

/** What the view needs beyond the parts. */
export type NodeViewOptions = {
  readonly reportKey: Uint8Array
  readonly policy: ApprovalPolicy
  readonly events: { subscribe(listener: (event: NodeEvent) => void): () => void }
  readonly problems: () => readonly string[]
  readonly metricsText: () => Promise<string>
}

const bytes = (hex: string): Uint8Array => fromHex(hex) as Uint8Array

/** The node as its HTTP API shows it: reads the parts, changes nothing but enrolments. */
export function createNodeView(parts: NodeParts, options: NodeViewOptions): NodeView {
  const { archive, rounds, latest, engine, link, now } = parts
  return {
    feed: async () => feedInfo(parts),
    assets: async () => {
      const assets = assetViews(parts)
      return { now: now(), round: assets.find((asset) => asset.round !== null)?.round ?? null, assets }
    },
    asset: async (assetId) => assetView(parts, assetId),
    async series(assetId, metrics, sinceMs, max) {
      if (!latest.asset(assetId)) return undefined
      const { times, series } = latest.series(assetId, metrics as MetricName[], sinceMs, max)
      return { now: now(), times, series }
    },
    round: async (n) => roundView(parts, n),
    rounds: async (limit) => roundSummaries(parts, limit),
    assetProof: async (assetId, n) => assetProof(parts, assetId, n),
    roundBundle: async (n) => roundBundleFile(parts, n),
    incidents: async (limit) => archive.incidents(limit),
    async health() {
      const problems = options.problems()
      return { ok: problems.length === 0, round: engine.view()?.parent?.round ?? null, problems }
    },
    metricsText: options.metricsText,
    subscribe: (listener) => options.events.subscribe(listener),

    async enrol(cose, context) {
      const { agentId, state } = enrolAgent(
        {
          archive,
          feedId: bytes(parts.feedId),
          policy: options.policy,
          clock: now,
          primitives: parts.primitives,
        },
        cose,
        context,
      )
      return { agentId: toHex(agentId), state: state === 'approved' ? 'approved' : 'pending' }
    },
    agents: async () =>
      archive.agents().map((agent) => ({
        agentId: toHex(agent.agentId),
        state: agent.state,
        evidenceDigest: enrolmentDigest(agent.enrolment),
        source: decodeEnrolment(parseSign1('assay/enrolment/1', agent.enrolment).payload).source,
        devices: devicesOf(agent).map(({ assetId, model, identityQuality }) => ({
          assetId: toHex(assetId),
          model,
          identityQuality,
        })),
      })),
    async agentHead(agentId) {
      const head = archive.head(bytes(agentId))
      const row = head && archive.entryByHash(head.hash)
      if (!head || !row) return undefined
      const entry = parseEntry(row.bytes, parts.primitives)
      return {
        boot: head.boot,
        seq: head.seq,
        hash: toHex(head.hash),
        ack: toHex(await link.signedAck(head)),
        header: toHex(entry.cose),
      }
    },
    roster: async () => encodeRoster(parts.roster),
    archiveRange: async (agentId, boot, from, to) =>
      archive.entriesInRange(bytes(agentId), boot, from, to).map((row) => row.bytes),
    archiveAfter: async (agentId, boot, seq) =>
      archive.entriesAfter(bytes(agentId), { boot, seq }).map((row) => row.bytes),
    archiveEntry: async (hash) => archive.entryByHash(bytes(hash))?.bytes,
    async peerRound(n) {
      const published = engine.published(n)
      return published && writeRound(published)
    },
    async peerState(round, given) {
      const digest: Hex | null | undefined = given ? `0x${given}` : getRecord(rounds, round)?.digest
      return digest ? rounds.get(round, 'state', digest) : undefined
    },
    signAdmission: async (admission) => signAdmission(parts, admission, options.reportKey),
  }
}

function feedInfo(parts: NodeParts): FeedInfo {
  const { roster, params, deployment, archive } = parts
  const enrolments = archive
    .agents()
    .map((agent) => decodeEnrolment(parseSign1('assay/enrolment/1', agent.enrolment).payload))
  const name =
    [...new Set(enrolments.map((enrolment) => enrolment.source))].join(', ') || 'no agent enrolled yet'
  return {
    now: parts.now(),
    feedId: parts.feedId.slice(2),
    chainId: deployment.chainId,
    healthOracle: deployment.healthOracle,
    registry: deployment.registry,
    nodeId: parts.nodeId.slice(2),
    source: { name, synthetic: name.includes('synthetic') },
    roster: {
      fingerprint: toHex(rosterFingerprint(roster)),
      configId: roster.configId,
      threshold: roster.threshold,
      nodes: roster.nodes.map((node) => ({
        nodeId: toHex(node.nodeId),
        transportKey: toHex(node.transportKey),
        url: node.url,
      })),
    },
    methodologyHash: methodologyHash(CHS1),
    epochLengthS: params.epochLengthS,
    heartbeatS: params.heartbeatS,
    freshnessS: CHS1.status.freshS,
    notProven: NOT_PROVEN,
  }
}
