import { createHash, randomBytes } from 'node:crypto'
import { fromHex, sameBytes, toHex0x } from '#protocol/bytes'
import { createNodeSigner } from '#protocol/node/nodeSigner'
import { CHS1 } from '#protocol/score/methodology'
import { methodologyHash } from '#protocol/score/methodologyHash'
import { computeRound } from '#protocol/score/round'
import type { LogHead } from '#protocol/wire/ackList'
import { valueCell } from '#protocol/wire/cell'
import type { ChainToken, ChainView, Hex, ParentRound } from '#protocol/wire/chainView'
import type { Entry } from '#protocol/wire/entry'
import { parseEntry } from '#protocol/wire/entry'
import { epochId } from '#protocol/wire/epochId'
import { comparePositions } from '#protocol/wire/header'
import { METRICS, type MetricName } from '#protocol/wire/metrics'
import { reportAddress, signDigest } from '#protocol/wire/reportSignature'
import { type Roster, rosterFingerprint } from '#protocol/wire/roster'
import type { Segment } from '#protocol/wire/segment'
import type { EpochAnchor, EpochClock } from '../../oracle/registry/epochClock.ts'
import { AckWatch } from '../../oracle/rounds/ackWatch.ts'
import type { Peer, PublishedRound, RoundContext, RoundStore } from '../../oracle/rounds/ports.ts'
import { RoundEngine } from '../../oracle/rounds/roundEngine.ts'
import type { RoundRecord } from '../../oracle/rounds/roundRecord.ts'
import { assetOf, createSignedLog, newPem, primitives, type SignedLog } from './signedLog.ts'

export const EPOCH_S = 8

/** One node of the world: its engine, its logs, what it named. */
export type WorldNode = {
  readonly nodeId: Hex
  readonly engine: RoundEngine
  readonly context: RoundContext
  readonly entries: Map<string, Entry[]>
  readonly incidents: { kind: string; subject: string; round?: number; text: string }[]
  readonly records: Map<number, RoundRecord>
  /** Entries reach a node only while it listens. */
  listening: boolean
  down: boolean
}

/** How a test bends one node. */
export type Bend = {
  readonly compute?: RoundContext['compute']
  readonly adapt?: (context: RoundContext) => RoundContext
  /** Rewrites what the node shows to each of its peers. */
  readonly show?: (round: PublishedRound, to: Hex) => PublishedRound
}

/** Three nodes, one agent with assets, and a chain that mines an epoch when it is told to: all in this process. */
export type RoundWorld = {
  readonly nodes: readonly WorldNode[]
  readonly agent: SignedLog
  readonly assets: readonly Hex[]
  readonly posted: (ParentRound & { signers: readonly Hex[] })[]
  /** Newest epoch number. */
  readonly epoch: () => { n: number; id: Uint8Array }
  /** Opens the next epoch; `skip` leaves that many without a block. */
  mine(skip?: number): void
  /** Hands an entry to all listening nodes, or to those named. */
  deliver(entry: Entry, to?: readonly number[]): void
  /** Signs and delivers one batch of the agent in the present epoch. */
  batch(to?: readonly number[]): Promise<Entry>
  start(): void
  stop(): Promise<void>
}

/** Builds a world; `bends[i]` makes node i dishonest in the way given. */
export function createRoundWorld(
  bends: Readonly<Record<number, Bend>> = {},
  options: { devices?: number; threshold?: number; nodes?: number } = {},
): RoundWorld {
  const { devices = 2, threshold = 2, nodes: count = 3 } = options
  const keys = Array.from({ length: count }, (_, i) => createHash('sha256').update(`report ${i}`).digest())
  const transports = keys.map(() => createNodeSigner(newPem()))
  const roster: Roster = {
    feedId: createHash('sha256').update('feed').digest(),
    configId: 1,
    nodes: keys.map((key, i) => ({
      nodeId: fromHex(reportAddress(key)) as Uint8Array,
      transportKey: (transports[i] as (typeof transports)[number]).publicKey,
      url: `http://node-${i}`,
    })),
    threshold,
    validFrom: 0,
    validTo: 0,
    previous: new Uint8Array(32),
  }
  const feedId = toHex0x(roster.feedId)
  const agent = createSignedLog({ devices, rows: 2, metrics: 64 })
  const assets = Array.from({ length: devices }, (_, i) => toHex0x(assetOf(agent.agentId, i)))
  const chain = createChain(feedId)
  const posted: (ParentRound & { signers: readonly Hex[] })[] = []
  const signers = roster.nodes.map((node, index) => ({ index, address: toHex0x(node.nodeId) }))
  const tokens: ChainToken[] = assets.map((assetId, i) => ({
    tokenId: BigInt(i + 1),
    assetId,
    generation: 1,
    agentId: toHex0x(agent.agentId),
    owner: `0x${'11'.repeat(20)}`,
    level: 0,
  }))
  const view = (block: { number: number }): ChainView => ({
    feedId,
    chainId: 31337,
    healthOracle: `0x${'aa'.repeat(20)}`,
    registry: `0x${'bb'.repeat(20)}`,
    block: chain.block(block.number),
    config: {
      configId: 1,
      signers,
      threshold,
      epochLengthS: EPOCH_S,
      heartbeatS: EPOCH_S,
      rosterHash: toHex0x(rosterFingerprint(roster)),
    },
    methodologyHash: methodologyHash(CHS1),
    tokens,
    retired: [],
    parent: posted.findLast((parent) => chain.postedAt(parent.digest) <= block.number) ?? null,
  })
  const nodes: WorldNode[] = keys.map((key, i) => {
    const entries = new Map<string, Entry[]>()
    const incidents: WorldNode['incidents'] = []
    const records = new Map<number, RoundRecord>()
    const nodeId = reportAddress(key)
    const bend = bends[i] ?? {}
    const plain: RoundContext = {
      roster,
      params: { epochLengthS: EPOCH_S, heartbeatS: EPOCH_S, profile: 'up' },
      nodeId,
      transport: transports[i] as (typeof transports)[number],
      signReport: (digest) => signDigest(digest, key),
      primitives,
      logs: createLogs(entries, agent),
      store: createStore(),
      peers: keys.flatMap((_, j) =>
        j === i ? [] : [peerOf(() => nodes[j] as WorldNode, nodeId, bends[j]?.show)],
      ),
      acks: new AckWatch(roster, primitives),
      compute: bend.compute ?? computeRound,
      readView: async (block) => view(block),
      incident: (incident) => void incidents.push(incident),
      now: chain.now,
    }
    const context = bend.adapt ? bend.adapt(plain) : plain
    const node: WorldNode = {
      nodeId,
      context,
      entries,
      incidents,
      records,
      listening: true,
      down: false,
      engine: new RoundEngine({
        context,
        clock: chain.clock as unknown as EpochClock,
        posted: async (_round, digest) =>
          posted.some((each) => each.digest === digest)
            ? { transaction: digest, blockNumber: chain.height(), gasUsed: 1 }
            : null,
        deviationBp: 1,
        pollMs: 5,
        ingesting: () => node.listening && !node.down,
        announce: () => undefined,
        changed: (record) => void records.set(record.n, record),
        log: () => undefined,
        receipt: async () => ({ blockNumber: 1, gasUsed: 1 }),
        async transmit({ result, signatures }) {
          const { report, digest } = result
          const last = posted.at(-1)
          if (last && (report.round <= last.round || report.prevRoot !== last.root)) return null
          if (!last && report.prevRoot !== `0x${'00'.repeat(32)}`) return null
          const transaction = digest
          posted.push({
            round: report.round,
            root: report.root,
            digest,
            transaction,
            observedTo: report.observedTo,
            mapOpen: report.mapOpen,
            complete: true,
            signers: signatures.map((s) => s.nodeId),
          })
          chain.post(digest)
          return { transaction, blockNumber: chain.height(), gasUsed: 1 }
        },
      }),
    }
    return node
  })
  const world: RoundWorld = {
    nodes,
    agent,
    assets,
    posted,
    epoch: () => chain.newest(),
    mine: chain.mine,
    deliver(entry, to) {
      for (const [i, node] of nodes.entries()) {
        if (!node.listening || node.down || (to && !to.includes(i))) continue
        keep(node.entries, entry)
      }
    },
    async batch(to) {
      const { n, id } = chain.newest()
      const segments = assets.map((asset) => healthySegment(fromHex(asset) as Uint8Array, 2))
      const entry = await agent.next({ epoch: { n, id }, t0: n * EPOCH_S * 1000 + 100 }, segments)
      world.deliver(entry, to)
      return entry
    },
    start() {
      for (const node of nodes) node.engine.start()
    },
    stop: async () => void (await Promise.all(nodes.map((node) => node.engine.stop()))),
  }
  return world
}

/** Telemetry of a device in good health: no error counter above zero, cool, ECC on. */
export function healthySegment(subject: Uint8Array, rows: number): Segment {
  const special: Partial<Record<MetricName, number>> = {
    utilizationGpuPct: 80,
    memoryTotalBytes: 150_000_000_000,
    memoryUsedBytes: 90_000_000_000,
    powerDrawW: 600_000,
    powerLimitW: 700_000,
    temperatureGpuC: 55,
    temperatureMemoryC: 60,
    temperatureSlowdownC: 90,
    temperatureShutdownC: 95,
    eccModeCurrent: 1,
    eccModePending: 1,
    persistenceMode: 1,
  }
  return {
    kind: 'telemetry',
    salt: new Uint8Array(randomBytes(16)),
    subject,
    columns: METRICS.filter((metric) => metric.id <= 64).map((metric) => ({
      metric: metric.id,
      cells: Array.from({ length: rows }, () => valueCell(special[metric.name] ?? 0)),
    })),
  }
}

function createChain(feedId: Hex) {
  const hashOf = (number: number): Hex => `0x${createHash('sha256').update(`block ${number}`).digest('hex')}`
  const anchors: EpochAnchor[] = []
  const posts = new Map<Hex, number>()
  let height = 0
  let minedAt = Date.now()
  const mine = (skip = 0): void => {
    minedAt = Date.now()
    height += 1
    const n = (anchors.at(-1)?.n ?? 99) + 1 + skip
    const block = { number: height, hash: hashOf(height), timestamp: n * EPOCH_S }
    anchors.push({ n, epochId: epochId(feedId, n, block.hash), startS: n * EPOCH_S, block })
  }
  mine()
  return {
    mine,
    // Ten times as fast as the wall: a proposer's turn of this world takes a tenth of a second.
    now: () => (anchors.at(-1) as EpochAnchor).startS * 1000 + 10 * (Date.now() - minedAt),
    height: () => height,
    post: (digest: Hex) => void posts.set(digest, height + 0.5),
    postedAt: (digest: Hex) => posts.get(digest) ?? Number.POSITIVE_INFINITY,
    block: (number: number) =>
      anchors.find((anchor) => anchor.block.number === number)?.block as EpochAnchor['block'],
    newest: () => ({
      n: (anchors.at(-1) as EpochAnchor).n,
      id: fromHex((anchors.at(-1) as EpochAnchor).epochId) as Uint8Array,
    }),
    clock: {
      latest: async () => anchors.at(-1) ?? null,
      next: async (previous: EpochAnchor | null) =>
        anchors.find((anchor) => anchor.n > (previous?.n ?? -1)) ?? null,
      epoch: async (n: number) => anchors.find((anchor) => anchor.n === n) ?? null,
    },
  }
}

function createStore(): RoundStore {
  const rows = new Map<string, Uint8Array>()
  return {
    get: (n, kind, key = '') => rows.get(`${n} ${kind} ${key}`),
    put: (n, kind, bytes, key = '') => void rows.set(`${n} ${kind} ${key}`, bytes),
  }
}

function keep(entries: Map<string, Entry[]>, entry: Entry): void {
  const id = toHex0x(entry.header.agentId)
  const known = entries.get(id) ?? []
  if (known.some((each) => sameBytes(each.hash, entry.hash))) return
  entries.set(id, [...known, entry])
}

/** Logs in memory: the first branch seen is the head, as in a node's archive. */
function createLogs(entries: Map<string, Entry[]>, agent: SignedLog): RoundContext['logs'] {
  const of = (agentId: Hex): Entry[] => entries.get(agentId) ?? []
  const head = (agentId: Hex): LogHead | null => {
    let at: Entry | undefined
    for (const entry of [...of(agentId)].sort((a, b) => comparePositions(a.header, b.header))) {
      if (!at ? entry.header.prev.every((byte) => byte === 0) : sameBytes(entry.header.prev, at.hash))
        at = entry
    }
    return at ? { logId: at.header.agentId, boot: at.header.boot, seq: at.header.seq, hash: at.hash } : null
  }
  return {
    heads: () => [...entries.keys()].flatMap((id) => head(id as Hex) ?? []),
    forks: () =>
      [...entries.values()]
        .flatMap((list) =>
          list.flatMap((a, i) =>
            list
              .slice(i + 1)
              .filter((b) => comparePositions(a.header, b.header) === 0)
              .slice(0, 1)
              .map((b) => ({ logId: a.header.agentId, first: a.cose, second: b.cose })),
          ),
        )
        .slice(0, 1),
    chain(agentId, after, to) {
      const out: Entry[] = []
      let wanted = to.hash
      while (!(after && sameBytes(wanted, after.hash)) && !wanted.every((byte) => byte === 0)) {
        const entry = of(agentId).find((each) => sameBytes(each.hash, wanted))
        if (!entry) return null
        if (after && comparePositions(entry.header, after) <= 0) break
        out.unshift(entry)
        wanted = entry.header.prev
      }
      return out
    },
    holds: (agentId, at) =>
      of(agentId).some((entry) => sameBytes(entry.hash, at.hash) && comparePositions(entry.header, at) === 0),
    publicKey: (agentId) => (agentId === toHex0x(agent.agentId) ? agent.signer.publicKey : undefined),
    async addFromPeer(list) {
      for (const bytes of list) keep(entries, parseEntry(bytes, primitives))
    },
  }
}

function peerOf(node: () => WorldNode, asker: Hex, show: Bend['show']): Peer {
  return {
    get nodeId() {
      return node().nodeId
    },
    async round(n) {
      if (node().down) return undefined
      const round = node().engine.published(n)
      return round && show ? show(round, asker) : round
    },
    async archive(agentId, boot, from, to) {
      if (node().down) return undefined
      return (node().entries.get(agentId) ?? [])
        .filter(({ header }) => header.boot === boot && header.seq >= from && header.seq <= to)
        .map((entry) => entry.bytes)
    },
    async after(agentId, at) {
      if (node().down) return undefined
      return (node().entries.get(agentId) ?? [])
        .filter(({ header }) => !at || comparePositions(header, at) > 0)
        .sort((a, b) => comparePositions(a.header, b.header))
        .map((entry) => entry.bytes)
    },
    async state(round, digest) {
      return node().down ? undefined : node().context.store.get(round, 'state', digest)
    },
  }
}

/** Waits until `ready` holds, or fails naming what did not come. */
export async function until(what: string, ready: () => boolean, limitMs = 10_000): Promise<void> {
  const end = Date.now() + limitMs
  while (!ready()) {
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
