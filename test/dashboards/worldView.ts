import type { AssetView, MetricView } from '#protocol/http/assetView'
import type { FeedInfo } from '#protocol/http/feedInfo'
import type { Incident, RoundSummary, RoundView } from '#protocol/http/roundView'
import { REASONS } from '#protocol/score/reasons'
import { statusName } from '#protocol/score/statuses'
import type { AssetProof } from '#protocol/verify/assetProof'
import { unpackReasons, unpackTriggers } from '#protocol/wire/leafFields'
import { metricById } from '#protocol/wire/metrics'
import { decodeSegment } from '#protocol/wire/segment'
import type { NodeEvent, NodeView } from '../../oracle/api/nodeView.ts'
import {
  CHAIN_ID,
  EPOCH_S,
  HEALTH_ORACLE,
  REGISTRY,
  type SignedWorld,
  type WorldEntry,
  type WorldRound,
} from './signedWorld.ts'

/** A NodeView held in memory over a signed world. Tests may change what it serves and emit events. */
export type WorldView = NodeView & {
  emit(event: NodeEvent): void
  listeners(): number
  /** Bytes that agents sent to /enrol, and how often each asset was read. */
  readonly enrolled: Uint8Array[]
  readonly reads: Map<string, number>
  /** Serves a newer batch, or another round. */
  show(entry: WorldEntry, round: WorldRound | null): void
  /** Changes each proof before it is served. */
  tamper: (proof: AssetProof) => unknown
  /** Changes entry bytes before they are served. */
  tamperEntry: (bytes: Uint8Array) => Uint8Array
  incidentList: Incident[]
  extraRounds: RoundSummary[]
  feedChange: Partial<FeedInfo>
}

/** A view over `world` that serves `entry` as the newest batch and `round` as the newest posted one. */
export function worldView(world: SignedWorld, entry: WorldEntry, round: WorldRound | null): WorldView {
  const listeners = new Set<(event: NodeEvent) => void>()
  const entries = new Map<string, Uint8Array>()
  let newest = entry
  let posted = round
  const keep = (each: WorldEntry) => entries.set(each.hash, each.bytes)
  keep(entry)

  const assetAt = (i: number): AssetView => {
    const asset = world.assets[i] as SignedWorld['assets'][number]
    const leaf = posted?.leaves[i]
    const index = world.assets.slice(0, i).filter((each) => each.metrics).length
    return {
      assetId: world.assetIds[i] as string,
      tokenId: String(i + 1),
      generation: 1,
      agentId: world.agentId,
      model: asset.model,
      round: posted?.report.round ?? null,
      status: { code: leaf?.status ?? 0, name: statusName(leaf?.status ?? 0) },
      scoreBp: leaf?.scoreBp ?? null,
      level: leaf?.level ?? 0,
      confidenceBp: leaf?.confidenceBp ?? 0,
      reasons: leaf ? unpackReasons(leaf.reasons).map(reasonView) : [],
      triggers: leaf ? unpackTriggers(leaf.triggers) : [0, 0, 0, 0, 0, 0, 0, 7].map(() => 0),
      observedAt: leaf?.observedAt ?? 0,
      recoverableValueCents: '0',
      notMeasured: ['performance', 'location'],
      latest: asset.metrics
        ? {
            at: newest.header.t0 + 2000,
            headerHash: newest.hash,
            boot: newest.header.boot,
            seq: newest.header.seq,
            signature: 'verified by this node',
            metrics: readings(newest, index),
          }
        : null,
      events:
        i === 1
          ? [{ name: 'xid', at: newest.header.t0 - 60_000, detail: [63, 0], headerHash: newest.hash }]
          : [],
    }
  }

  const summary = (): RoundSummary | undefined =>
    posted
      ? {
          round: posted.report.round,
          state: 'posted',
          root: posted.report.root,
          leafCount: posted.report.leafCount,
          digest: `0x${Buffer.from(posted.digest).toString('hex')}`,
          signers: posted.signatures.map((each) => each.nodeId),
          transaction: posted.transaction.hash,
          gasUsed: 104_233,
          postedAt: posted.report.observedTo * 1000 + 7000,
          dissents: 0,
        }
      : undefined

  const view: WorldView = {
    enrolled: [],
    reads: new Map(),
    incidentList: [],
    extraRounds: [],
    feedChange: {},
    tamper: (proof) => proof,
    tamperEntry: (bytes) => bytes,
    listeners: () => listeners.size,
    emit: (event) => {
      for (const listener of listeners) listener(event)
    },
    show(nextEntry, nextRound) {
      newest = nextEntry
      posted = nextRound
      keep(nextEntry)
    },
    feed: async () => ({
      now: Date.now(),
      feedId: world.feedId,
      chainId: CHAIN_ID,
      healthOracle: HEALTH_ORACLE,
      registry: REGISTRY,
      nodeId: world.nodes[0]?.nodeId ?? '',
      source: { name: 'recording:test-h200x8', synthetic: true },
      roster: {
        fingerprint: world.fingerprint,
        configId: 1,
        threshold: world.roster.threshold,
        nodes: world.nodes.map((node, i) => ({ ...node, url: world.roster.nodes[i]?.url ?? '' })),
      },
      methodologyHash: posted?.report.methodologyHash ?? `0x${'00'.repeat(32)}`,
      epochLengthS: EPOCH_S,
      heartbeatS: EPOCH_S,
      freshnessS: 21_600,
      notProven: [
        'That the host tells the truth: level L0 is self-reported.',
        'That nobody relays the readings of a genuine GPU elsewhere.',
        'Legal title.',
      ],
      ...view.feedChange,
    }),
    assets: async () => ({
      now: Date.now(),
      round: posted?.report.round ?? null,
      assets: world.assets.map((_, i) => assetAt(i)),
    }),
    asset: async (assetId) => {
      view.reads.set(assetId, (view.reads.get(assetId) ?? 0) + 1)
      const i = world.assetIds.indexOf(assetId)
      return i < 0 ? undefined : assetAt(i)
    },
    series: async (assetId, metrics, sinceMs, max) => {
      const i = world.assetIds.indexOf(assetId)
      if (i < 0) return undefined
      const end = newest.header.t0 + 2000
      const times = Array.from({ length: Math.min(max, 300) }, (_, k) => end - (299 - k) * 1000).filter(
        (t) => t >= sinceMs,
      )
      const series = Object.fromEntries(
        metrics.map((name) => {
          const base = world.assets[i]?.metrics?.[name as 'powerDrawW'] ?? null
          return [
            name,
            times.map((_, k) =>
              base === null || (k > 120 && k < 150) ? null : base * (1 + 0.05 * Math.sin(k / 9)),
            ),
          ]
        }),
      )
      return { now: Date.now(), times, series }
    },
    round: async (n) => {
      const short = summary()
      if (!short || !posted || (n !== 'latest' && n !== short.round)) return undefined
      const full: RoundView = {
        ...short,
        now: Date.now(),
        epochId: posted.report.epochId,
        report: posted.report,
        signatures: posted.signatures,
        blockNumber: posted.report.round,
        named: posted.ackLists.map((list) => ({ nodeId: list.nodeId, ackListHash: list.hash })),
        dissentTexts: [],
      }
      return full
    },
    rounds: async (limit) =>
      [summary(), ...view.extraRounds].filter((each) => each !== undefined).slice(0, limit),
    assetProof: async (assetId, n) => {
      const i = world.assetIds.indexOf(assetId)
      const found = i < 0 ? undefined : posted?.proof(i)
      if (!found || (n !== 'latest' && n !== found.report.round)) return undefined
      return view.tamper(structuredClone(found)) as AssetProof
    },
    roundBundle: async (n) =>
      posted && (n === 'latest' || n === posted.report.round) ? Uint8Array.of(1, 2, 3) : undefined,
    agents: async () => [
      {
        agentId: world.agentId,
        state: 'approved',
        evidenceDigest: `0x${'22'.repeat(32)}`,
        source: 'recording:test-h200x8',
        devices: world.assetIds.map((assetId) => ({
          assetId,
          model: 'NVIDIA H200',
          identityQuality: 'board',
        })),
      },
    ],
    incidents: async (limit) => view.incidentList.slice(0, limit),
    health: async () => ({
      ok: posted !== null,
      round: posted?.report.round ?? null,
      problems: posted ? [] : ['no round yet'],
    }),
    metricsText: async () =>
      '# HELP assay_test_total Test\n# TYPE assay_test_total counter\nassay_test_total 1\n',
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    enrol: async (cose) => {
      view.enrolled.push(cose)
      return { agentId: world.agentId, state: 'pending' }
    },
    agentHead: async (agentId) =>
      agentId === world.agentId
        ? {
            boot: 1,
            seq: newest.header.seq,
            hash: newest.hash,
            ack: 'd2',
            header: Buffer.from(newest.cose).toString('hex'),
          }
        : undefined,
    roster: async () => world.rosterBytes,
    archiveRange: async (agentId, boot, from, to) =>
      agentId === world.agentId && boot === 1 && from <= newest.header.seq && newest.header.seq <= to
        ? [newest.bytes]
        : [],
    archiveAfter: async () => [],
    archiveEntry: async (hash) => {
      const bytes = entries.get(hash)
      return bytes && view.tamperEntry(bytes.slice())
    },
    peerRound: async (n) =>
      posted && n === posted.report.round
        ? {
            n,
            ackLists: posted.ackLists.map((list) => Buffer.from(list.cose).toString('hex')),
            proposals: [],
            signatures: [],
            dissents: [],
          }
        : undefined,
    peerState: async (n) => (posted && n === posted.report.round ? Uint8Array.of(0x80) : undefined),
    signAdmission: async () => `0x${'11'.repeat(64)}`,
  }
  return view
}

function readings(entry: WorldEntry, index: number): Record<string, MetricView> {
  const segment = decodeSegment(entry.bodies[index] as Uint8Array, entry.header.times.length)
  if (segment.kind !== 'telemetry') return {}
  return Object.fromEntries(
    segment.columns.map(({ metric, cells }) => {
      const cell = cells[cells.length - 1]
      const about = metricById(metric)
      const value = cell?.presence === 'value' ? cell.value / (about?.scale ?? 1) : null
      return [about?.name ?? '', { value, presence: cell?.presence ?? 'absent' }]
    }),
  )
}

function reasonView(code: number) {
  const [name, reason] = Object.entries(REASONS).find(([, each]) => each.wire === code) ?? ['?', undefined]
  return { code, name, text: reason?.text ?? 'unknown reason', remedy: reason?.remedy ?? 'none' }
}
