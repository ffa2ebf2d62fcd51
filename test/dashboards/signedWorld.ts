import { toHex, toHex0x, utf8 } from '#protocol/bytes'
import { noblePrimitives } from '#protocol/noblePrimitives'
import { nobleSigner } from '#protocol/nobleSigner'
import type { AssetProof } from '#protocol/verify/assetProof'
import { leafToJson } from '#protocol/verify/parseAssetProof'
import { encodeAckList } from '#protocol/wire/ackList'
import { ackListsHash } from '#protocol/wire/ackListsHash'
import { admissionDigest } from '#protocol/wire/admission'
import { UNSUPPORTED, valueCell } from '#protocol/wire/cell'
import { payloadHash, sign1 } from '#protocol/wire/cose'
import { coseKeyThumbprint } from '#protocol/wire/coseKey'
import { signEntry } from '#protocol/wire/entry'
import { epochId } from '#protocol/wire/epochId'
import { noExceptions } from '#protocol/wire/exceptions'
import { encodeHeader, type Header, headerHash } from '#protocol/wire/header'
import { type Leaf, leafHash } from '#protocol/wire/leaf'
import { packReasons, packTriggers } from '#protocol/wire/leafFields'
import { merkleTree } from '#protocol/wire/merkle'
import { type MetricName, metricByName } from '#protocol/wire/metrics'
import { type Report, reportDigest } from '#protocol/wire/report'
import { reportAddress, signDigest } from '#protocol/wire/reportSignature'
import { encodeRoster, type Roster, rosterFingerprint } from '#protocol/wire/roster'
import { encodeSegment } from '#protocol/wire/segment'

const { sha256 } = noblePrimitives
/** Length of an epoch in this world, seconds. */
export const EPOCH_S = 5
export const CHAIN_ID = 31337
export const HEALTH_ORACLE = `0x${'0a'.repeat(20)}` as const
export const REGISTRY = `0x${'0b'.repeat(20)}` as const

/** A secret or salt that is the same in every run. */
export const seeded = (name: string): Uint8Array => sha256(utf8(`assay test ${name}`))

/** What the world says of one asset: shown values, before scaling. */
export type WorldAsset = {
  readonly model: string
  readonly status: number
  readonly scoreBp: number
  readonly level: number
  readonly confidenceBp: number
  readonly reasons: readonly number[]
  readonly triggers: readonly number[]
  /** Null: unsupported. Undefined: never any telemetry. */
  readonly metrics: Partial<Record<MetricName, number | null>> | undefined
}

/** One signed entry of the agent with the rows at its end. */
export type WorldEntry = {
  readonly header: Header
  readonly hash: string
  readonly bytes: Uint8Array
  readonly cose: Uint8Array
  readonly bodies: readonly Uint8Array[]
}

/** One agreed round over everything up to its entry. */
export type WorldRound = {
  readonly report: Report
  readonly digest: Uint8Array
  readonly signatures: AssetProof['signatures']
  readonly ackLists: readonly { readonly nodeId: string; readonly hash: string; readonly cose: Uint8Array }[]
  readonly leaves: readonly Leaf[]
  readonly transaction: NonNullable<AssetProof['transaction']>
  readonly entry: WorldEntry
  /** The proof of the asset at an index; the admission in it is signed when it is asked for. */
  proof(i: number): AssetProof
}

/** Keys and signers of a feed of three nodes, two of which must sign, and one agent. */
export type SignedWorld = Awaited<ReturnType<typeof signedWorld>>

/** Builds the world; every object in it is signed with protocol code. */
export async function signedWorld(assets: readonly WorldAsset[]) {
  const feedId = seeded('feed')
  const nodes = ['a', 'b', 'c'].map((name) => {
    const secret = seeded(`report ${name}`)
    return {
      name,
      secret,
      address: reportAddress(secret),
      transport: nobleSigner(seeded(`transport ${name}`)),
    }
  })
  const roster: Roster = {
    feedId,
    configId: 1,
    nodes: nodes.map((node) => ({
      nodeId: hex(node.address),
      transportKey: node.transport.publicKey,
      url: `https://node-${node.name}.example`,
    })),
    threshold: 2,
    validFrom: 0,
    validTo: 0,
    previous: new Uint8Array(32),
  }
  const agent = nobleSigner(seeded('agent'))
  const agentId = coseKeyThumbprint(agent.publicKey)
  const assetIds = assets.map((_, i) => seeded(`asset ${i}`))
  let prev: Uint8Array = new Uint8Array(32)
  let seq = 0
  let prevRoot = `0x${'00'.repeat(32)}` as Report['prevRoot']

  /** The agent signs a batch of three samples ending at `atMs`. */
  async function batch(atMs: number): Promise<WorldEntry> {
    const times = [0, 1000, 2000]
    const withTelemetry = assets.flatMap((asset, i) => (asset.metrics ? [{ asset, i }] : []))
    const bodies = withTelemetry.map(({ asset, i }) =>
      encodeSegment({
        kind: 'telemetry',
        salt: seeded(`salt ${seq} ${i}`).slice(0, 16),
        subject: assetIds[i] as Uint8Array,
        columns: (Object.entries(asset.metrics ?? {}) as [MetricName, number | null][])
          .map(([name, value]) => ({ metric: metricByName(name), value }))
          .sort((a, b) => a.metric.id - b.metric.id)
          .map(({ metric, value }) => ({
            metric: metric.id,
            cells: times.map(() =>
              value === null ? UNSUPPORTED : valueCell(Math.round(value * metric.scale)),
            ),
          })),
      }),
    )
    const header: Header = {
      agentId,
      kid: agentId,
      boot: 1,
      seq: seq++,
      prev,
      kind: 'batch',
      epoch: null,
      t0: atMs - 2000,
      period: 1000,
      times,
      segments: bodies.map((body) => sha256(body)),
      evidence: [],
      counters: { produced: seq, acked: 0, spooled: seq, dropped: [] },
      tombstones: [],
    }
    const payload = encodeHeader(header)
    prev = headerHash(payload, sha256)
    const bytes = await signEntry(header, bodies, agent)
    return { header, hash: toHex(prev), bytes, cose: await sign1('assay/header/1', payload, agent), bodies }
  }

  /** Two nodes agree on round `n` over `entry`, which must be the newest. */
  async function round(n: number, entry: WorldEntry): Promise<WorldRound> {
    const feed = toHex0x(feedId)
    const named = await Promise.all(
      nodes.slice(0, 2).map(async (node) => {
        const payload = encodeAckList({
          feedId,
          configId: 1,
          n,
          nodeId: hex(node.address),
          heads: [{ logId: agentId, boot: 1, seq: entry.header.seq, hash: hex(entry.hash) }],
          served: [n],
          forks: [],
        })
        return {
          nodeId: node.address.slice(2),
          hash: toHex(payloadHash('assay/acklist/1', payload, sha256)),
          cose: await sign1('assay/acklist/1', payload, node.transport),
        }
      }),
    )
    const observedAt = Math.floor((entry.header.t0 + 2000) / 1000)
    const leaves = assets.map(
      (asset, i): Leaf => ({
        feedId: feed,
        tokenId: BigInt(i + 1),
        generation: 1,
        epoch: n,
        observedAt: asset.metrics ? observedAt : 0,
        scoreBp: asset.scoreBp,
        status: asset.status,
        level: asset.level,
        confidenceBp: asset.confidenceBp,
        reasons: packReasons(asset.reasons),
        recoverableValueCents: 0n,
        triggers: packTriggers(asset.triggers),
        inputRoot: toHex0x(seeded(`inputs ${n} ${i}`)),
      }),
    )
    const tree = merkleTree(leaves.map(leafHash))
    const report: Report = {
      feedId: feed,
      configId: 1,
      round: n,
      epochId: epochId(feed, n, toHex0x(seeded(`block ${n}`))),
      prevRoot,
      root: toHex0x(tree.root),
      leafCount: leaves.length,
      observedFrom: observedAt,
      observedTo: n * EPOCH_S,
      validUntil: (n + 1) * EPOCH_S + 120,
      mapOpen: true,
      exceptionsHash: noExceptions(),
      aggregateHash: toHex0x(seeded('aggregate')),
      methodologyHash: toHex0x(seeded('methodology')),
      ackListsHash: ackListsHash(named.map((list) => ({ nodeId: hex(list.nodeId), hash: hex(list.hash) }))),
    }
    prevRoot = report.root
    const domain = { chainId: CHAIN_ID, verifyingContract: HEALTH_ORACLE }
    const digest = reportDigest(domain, report)
    const sign = (what: Uint8Array) =>
      nodes
        .slice(0, 2)
        .map((node) => ({ nodeId: node.address.slice(2), signature: toHex0x(signDigest(what, node.secret)) }))
    const signatures = sign(digest)
    const transaction = { hash: toHex0x(seeded(`transaction ${n}`)), blockNumber: n, gasUsed: 104_233 }
    const proof = (i: number): AssetProof => {
      const leaf = leaves[i] as Leaf
      const admission = {
        feedId: feed,
        configId: 1,
        owner: `0x${'0c'.repeat(20)}` as const,
        tokenId: BigInt(i + 1),
        assetId: toHex0x(assetIds[i] as Uint8Array),
        generation: 1,
        agentId: toHex0x(agentId),
        level: leaf.level,
        tags: [toHex0x(seeded(`tag ${i}`))],
        evidenceDigest: toHex0x(seeded(`evidence ${i}`)),
        expiry: 2_000_000_000,
      }
      const registry = { chainId: CHAIN_ID, verifyingContract: REGISTRY }
      const index = assets.slice(0, i).filter((asset) => asset.metrics).length
      return {
        type: 'assay/asset-proof/1',
        assetId: toHex(assetIds[i] as Uint8Array),
        domain,
        report,
        signatures,
        roster: toHex(encodeRoster(roster)),
        ackLists: named.map((list) => toHex(list.cose)),
        leaf: leafToJson(leaf),
        proof: tree.proof(leafHash(leaf)).map(toHex0x),
        agentKey: toHex(agent.publicKey),
        entry: assets[i]?.metrics
          ? { cose: toHex(entry.cose), body: toHex(entry.bodies[index] as Uint8Array), index }
          : null,
        admission: {
          domain: registry,
          admission: { ...admission, tokenId: String(admission.tokenId) },
          signatures: sign(admissionDigest(registry, admission)),
        },
        transaction,
      }
    }
    return { report, digest, signatures, ackLists: named, leaves, entry, proof, transaction }
  }

  return {
    assets,
    assetIds: assetIds.map(toHex),
    feedId: toHex(feedId),
    agentId: toHex(agentId),
    nodes: nodes.map(({ address, transport }) => ({
      nodeId: address.slice(2),
      transportKey: toHex(transport.publicKey),
    })),
    roster,
    rosterBytes: encodeRoster(roster),
    fingerprint: toHex(rosterFingerprint(roster)),
    batch,
    round,
  }
}

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/^0x/, ''), 'hex'))
}
