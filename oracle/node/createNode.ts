import { join } from 'node:path'
import { fromHex, toHex, toHex0x } from '#protocol/bytes'
import { createNodePrimitives } from '#protocol/node/nodePrimitives'
import type { Signer } from '#protocol/primitives'
import { computeRound, type FeedParams } from '#protocol/score/round'
import type { Hex } from '#protocol/wire/chainView'
import { comparePositions } from '#protocol/wire/header'
import { initKeccak } from '#protocol/wire/keccak'
import { packQuorum } from '#protocol/wire/quorum'
import { signDigest } from '#protocol/wire/reportSignature'
import type { Roster } from '#protocol/wire/roster'
import { createApi } from '../api/createApi.ts'
import type { NodeEvent } from '../api/nodeView.ts'
import { createSqliteArchive } from '../archive/sqliteArchive.ts'
import type { AcceptedEntry } from '../ingest/acceptedEntry.ts'
import type { ApprovalPolicy } from '../ingest/enrol.ts'
import type { Gap } from '../ingest/gapWatch.ts'
import { createIngest } from '../ingest/ingest.ts'
import { createLatest } from '../inputs/latest.ts'
import { createSampleGaps, type SampleGap } from '../inputs/sampleGaps.ts'
import type { LinkSettings } from '../link/linkSettings.ts'
import { createOracleLink } from '../link/oracleLink.ts'
import { AdmissionReader } from '../registry/admissionReader.ts'
import { openProvider } from '../registry/chainProvider.ts'
import { ChainReader } from '../registry/chainReader.ts'
import type { Deployment } from '../registry/deploy.ts'
import { EpochClock, type Finality } from '../registry/epochClock.ts'
import { findPosted } from '../registry/findPosted.ts'
import { Transmitter } from '../registry/transmitter.ts'
import { AckWatch } from '../rounds/ackWatch.ts'
import { createArchiveLogs } from '../rounds/archiveLogs.ts'
import { fetchAfter } from '../rounds/backfill.ts'
import { createPeer } from '../rounds/peerClient.ts'
import type { RoundContext } from '../rounds/ports.ts'
import { RoundEngine, type Transmit } from '../rounds/roundEngine.ts'
import type { Sink } from '../sinks/sink.ts'
import { createArchiveRounds } from './archiveRounds.ts'
import { createNodeMetrics } from './nodeMetrics.ts'
import { createNodeView } from './nodeView.ts'
import type { NodeParts } from './parts.ts'
import { roundSummary } from './roundViews.ts'

/** Everything that makes one oracle node. */
export type NodeOptions = {
  readonly stateDir: string
  readonly host: string
  readonly port: number
  readonly webRoot: string | null
  readonly roster: Roster
  readonly params: FeedParams
  readonly deviationBp: number
  readonly reportKey: Uint8Array
  readonly reportAddress: Hex
  readonly transport: Signer
  readonly transmitterKey: Uint8Array
  readonly rpcUrl: string
  readonly deployment: Deployment
  readonly finality: Finality
  readonly pollMs: number
  readonly policy: ApprovalPolicy
  readonly link: LinkSettings
  readonly sinks: readonly Sink[]
  readonly log: NodeLog
}

/** A structured log; pino's shape reduced to what a node needs. */
export type NodeLog = {
  info(facts: object, text: string): void
  warn(facts: object, text: string): void
  error(facts: object, text: string): void
}

/** Parts that a test replaces to build a node that breaks a rule; production gives none. */
export type NodeSeams = {
  readonly compute?: RoundContext['compute']
  readonly adapt?: (context: RoundContext) => RoundContext
}

/** A running node. */
export type OracleNode = {
  start(): Promise<{ readonly url: string }>
  stop(): Promise<void>
  parts(): NodeParts
}

/** The composition root of an oracle node: builds every part, starts them in order, stops them in reverse. */
export function createNode(options: NodeOptions, seams: NodeSeams = {}): OracleNode {
  const { roster, params, log } = options
  const primitives = createNodePrimitives()
  const nodeId = options.reportAddress
  const feedId = toHex0x(roster.feedId)
  const now = (): number => Date.now()
  const listeners = new Set<(event: NodeEvent) => void>()
  const emit = (event: NodeEvent): void => {
    for (const listener of listeners) listener(event)
  }
  const stops: (() => Promise<unknown> | unknown)[] = []
  let running: NodeParts | undefined

  async function start(): Promise<{ url: string }> {
    await initKeccak()
    const archive = createSqliteArchive({ file: join(options.stateDir, 'archive.sqlite') })
    archive.start()
    stops.push(() => archive.stop())
    const provider = await openProvider(options.rpcUrl, options.deployment.chainId)
    stops.push(() => provider.destroy())

    const raise: RoundContext['incident'] = ({ kind, subject, round, text }) => {
      log.warn({ kind, subject, round }, text)
      const incident = { at: now(), kind, nodeId: subject.replace(/^0x/, ''), text }
      try {
        archive.addIncident(incident)
      } catch (error) {
        // A full disk must not end the node: the log and the stream still tell.
        log.error({ code: (error as { code?: string }).code }, (error as Error).message)
      }
      emit({ kind: 'incident', incident })
    }
    const acks = new AckWatch(roster, primitives)
    const gaps = createSampleGaps()
    function nameGap({ agentId, fromMs, toMs, missing, restarted }: SampleGap): void {
      const why = restarted ? 'the agent was started again' : 'the agent went on without them'
      const span = `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`
      const text = `${missing} samples are missing from the log between ${span}: ${why}`
      const incident = { at: now(), kind: 'gap', agentId, text }
      log.warn({ kind: 'gap', agentId, missing }, text)
      archive.addIncident(incident)
      emit({ kind: 'incident', incident })
    }
    const latest = createLatest({ archive, now })
    const ingest = createIngest({
      archive,
      primitives,
      clock: now,
      onAccepted(entries) {
        latest.accept(entries)
        for (const gap of gaps.accept(entries)) nameGap(gap)
        for (const sink of options.sinks) sink.accept(entries)
        for (const assetId of new Set(entries.flatMap(subjectsOf))) emit({ kind: 'asset', assetId })
      },
      onHeads: (heads) => link.ackHeads(heads),
      onGap(gap) {
        link.ask(gap)
        // The agent may have forgotten what M other nodes acked: those have it.
        void closeGap(gap)
      },
      onIncident(incident) {
        log.warn({ kind: incident.kind, agentId: incident.agentId }, incident.text)
        emit({ kind: 'incident', incident })
      },
    })
    const peers = roster.nodes
      .filter((node) => toHex0x(node.nodeId) !== nodeId)
      .map((node) => createPeer(toHex0x(node.nodeId), node.url))
    const logs = createArchiveLogs(archive, ingest, primitives)
    async function closeGap({ agentId, after, before }: Gap): Promise<void> {
      for (const peer of peers) {
        const head = archive.head(agentId)
        if (head && comparePositions(head, before) >= 0) return
        await fetchAfter(toHex0x(agentId), after, before, logs, peer, primitives).catch(() => undefined)
      }
    }
    ingest.start()
    stops.push(() => ingest.stop())
    const link = createOracleLink({
      settings: options.link,
      feed: feedId.slice(2),
      nodeId: fromHex(nodeId) as Uint8Array,
      signer: options.transport,
      ingest,
      log,
      onPeerAck: (cose) => acks.hear(cose),
    })
    const transmitter = new Transmitter({
      provider,
      chainId: options.deployment.chainId,
      healthOracle: options.deployment.healthOracle,
      feedId,
      key: options.transmitterKey,
      journalFile: join(options.stateDir, 'transmit.journal'),
      onProblem: (error) => raise({ kind: 'transmitter', subject: nodeId, text: error.message }),
    })
    await transmitter.start()
    stops.push(() => transmitter.stop())

    const rounds = createArchiveRounds(archive)
    const reader = new ChainReader(provider, { ...options.deployment, feedId })
    const plain: RoundContext = {
      roster,
      params,
      nodeId,
      transport: options.transport,
      signReport: (digest) => signDigest(digest, options.reportKey),
      primitives,
      logs,
      store: rounds,
      peers,
      acks,
      compute: seams.compute ?? computeRound,
      readView: async (block) => reader.read(block.number),
      incident: raise,
      now,
    }
    const engine = new RoundEngine({
      context: seams.adapt ? seams.adapt(plain) : plain,
      clock: new EpochClock(provider, {
        feedId,
        epochLengthS: params.epochLengthS,
        finality: options.finality,
      }),
      transmit: transmitThrough(transmitter, roster),
      async receipt(transaction) {
        const receipt = await provider.getTransactionReceipt(transaction)
        return receipt && { blockNumber: receipt.blockNumber, gasUsed: Number(receipt.gasUsed) }
      },
      posted: (round, digest, fromBlock) =>
        findPosted(provider, options.deployment.healthOracle, feedId, round, digest, fromBlock),
      deviationBp: options.deviationBp,
      pollMs: options.pollMs,
      ingesting: () => link.state() === 'connected',
      announce: (notice) => link.publishEpochNotice(notice),
      changed: (record) => emit({ kind: 'round', summary: roundSummary(record) }),
      log: (level, text, facts) => log[level](facts ?? {}, text),
    })
    running = {
      nodeId,
      feedId,
      roster,
      params,
      deployment: options.deployment,
      archive,
      rounds,
      ingest,
      latest,
      link,
      engine,
      admissions: new AdmissionReader(provider, options.deployment),
      primitives,
      now,
    }
    const view = createNodeView(running, {
      reportKey: options.reportKey,
      policy: options.policy,
      events: {
        subscribe(listener) {
          listeners.add(listener)
          return () => listeners.delete(listener)
        },
      },
      problems: () => [
        ...(link.state() === 'connected' ? [] : ['the broker is not connected: no readings arrive']),
        ...[engine.problem()].filter((text) => text !== null),
      ],
      metricsText: createNodeMetrics(() => running, options.sinks),
    })
    const api = createApi(view, { webRoot: options.webRoot, log: (record, text) => log.error(record, text) })
    const { url } = await api.start(options.host, options.port)
    stops.push(() => api.stop())
    for (const sink of options.sinks) {
      await sink.start()
      stops.push(() => sink.stop())
    }
    link.start()
    stops.push(() => link.stop())
    engine.start()
    stops.push(() => engine.stop())
    return { url }
  }

  return {
    start,
    async stop() {
      for (const stop of stops.splice(0).reverse()) await stop()
    },
    parts() {
      if (!running) throw new Error('the node is not started')
      return running
    },
  }
}

function transmitThrough(transmitter: Transmitter, roster: Roster): Transmit {
  return async ({ result, signatures }) => {
    const byIndex = new Map<number, Uint8Array>()
    for (const { nodeId, signature } of signatures.slice(0, roster.threshold)) {
      const index = roster.nodes.findIndex((node) => toHex0x(node.nodeId) === nodeId)
      byIndex.set(index, fromHex(signature) as Uint8Array)
    }
    const sent = await transmitter.submit({
      report: result.report,
      quorum: packQuorum(byIndex),
      exceptions: result.exceptions,
    })
    // Another transmitter was faster by less than a block: nothing is lost and nothing is wrong.
    if (sent.outcome === 'refused' && sent.error.message.includes('RoundNotNewer')) return null
    if (sent.outcome === 'refused') throw sent.error
    return sent.outcome === 'mine'
      ? { transaction: sent.transaction, blockNumber: sent.blockNumber, gasUsed: Number(sent.gasUsed) }
      : null
  }
}

function subjectsOf(entry: AcceptedEntry): string[] {
  return entry.subjects().flatMap((subject) => (subject ? [toHex(subject)] : []))
}
