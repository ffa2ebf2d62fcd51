import { sha256 } from '@noble/hashes/sha2.js'
import { toHex0x, utf8 } from '#protocol/bytes'
import { nobleSigner } from '#protocol/nobleSigner'
import type { Signer } from '#protocol/primitives'
import { encodeAck } from '#protocol/wire/ack'
import { type AckList, encodeAckList } from '#protocol/wire/ackList'
import { ackListsHash } from '#protocol/wire/ackListsHash'
import { type Admission, admissionDigest } from '#protocol/wire/admission'
import { ABSENT, errorCell, FORBIDDEN, UNSUPPORTED, valueCell } from '#protocol/wire/cell'
import type { Hex } from '#protocol/wire/chainView'
import { payloadHash, sign1 } from '#protocol/wire/cose'
import { coseKeyThumbprint } from '#protocol/wire/coseKey'
import { encodeDissent } from '#protocol/wire/dissent'
import type { SigningDomain } from '#protocol/wire/eip712'
import { type Enrolment, encodeEnrolment } from '#protocol/wire/enrolment'
import { signEntry } from '#protocol/wire/entry'
import { epochId } from '#protocol/wire/epochId'
import { type EpochNotice, encodeEpochNotice } from '#protocol/wire/epochNotice'
import { noExceptions } from '#protocol/wire/exceptions'
import { encodeHeader, type Header, headerHash } from '#protocol/wire/header'
import { type AssetIdentity, assetIdOf } from '#protocol/wire/identity'
import { type Leaf, leafHash } from '#protocol/wire/leaf'
import { packReasons, packTriggers } from '#protocol/wire/leafFields'
import { merkleTree } from '#protocol/wire/merkle'
import { metricByName } from '#protocol/wire/metrics'
import { encodeProposal, type Proposal } from '#protocol/wire/proposal'
import { packQuorum, type Quorum } from '#protocol/wire/quorum'
import { type Report, reportDigest } from '#protocol/wire/report'
import { reportAddress, signDigest } from '#protocol/wire/reportSignature'
import { encodeRoster, type Roster } from '#protocol/wire/roster'
import { encodeSegment, type Segment } from '#protocol/wire/segment'

/** 32 bytes that depend on a label only: keys, salts and ids of the test vectors. Never use them for anything else. */
export function labelled(label: string, length = 32): Uint8Array {
  return sha256(utf8(`assay test vector: ${label}`)).slice(0, length)
}

export const EPOCH_LENGTH_S = 600
export const EPOCH_N = 2_945_376
/** Start of epoch n in milliseconds. */
export const T0 = EPOCH_N * EPOCH_LENGTH_S * 1000
export const FEED_ID = labelled('feed')
export const ANCHOR = toHex0x(labelled('anchor block'))
export const HEALTH_ORACLE: SigningDomain = { chainId: 31_337, verifyingContract: hex20('HealthOracle') }
export const REGISTRY: SigningDomain = { chainId: 31_337, verifyingContract: hex20('CaliberRegistry') }

/** One oracle node with its secrets. */
export type VectorNode = {
  readonly address: Hex
  readonly reportSecret: Uint8Array
  readonly transport: Signer
}

/** Node `index` of the feed. */
export function vectorNode(index: number): VectorNode {
  const reportSecret = labelled(`report key ${index}`)
  return {
    address: reportAddress(reportSecret),
    reportSecret,
    transport: nobleSigner(labelled(`transport key ${index}`)),
  }
}

export const NODES = [0, 1, 2].map(vectorNode)
export const AGENT_SECRET = labelled('agent key')
export const AGENT = nobleSigner(AGENT_SECRET)
export const AGENT_ID = coseKeyThumbprint(AGENT.publicKey)

export const IDENTITIES: readonly AssetIdentity[] = [0, 1].map((i) => ({
  serial: `165002100000${i}`,
  boardPartNumber: '692-2G520-0280-000',
  uuid: `GPU-0000000${i}-1111-2222-3333-444444444444`,
  pdi: i === 0 ? '00000000deadbeef' : null,
  moduleIndex: null,
}))
export const OPENINGS = IDENTITIES.map((_, i) => labelled(`opening ${i}`))
export const ASSETS = IDENTITIES.map((identity, i) => assetIdOf(OPENINGS[i] as Uint8Array, identity))

export const ROSTER: Roster = {
  feedId: FEED_ID,
  configId: 1,
  nodes: NODES.map((node, i) => ({
    nodeId: bytesOf(node.address),
    transportKey: node.transport.publicKey,
    url: `https://node-${i}.example:8420`,
  })),
  threshold: 2,
  validFrom: EPOCH_N * EPOCH_LENGTH_S - 86_400,
  validTo: 0,
  previous: new Uint8Array(32),
}
export const ROSTER_BYTES = encodeRoster(ROSTER)

/** Segments that use every form of a column and both kinds of subject. */
export const SEGMENTS: readonly Segment[] = [
  {
    kind: 'telemetry',
    salt: labelled('salt 0', 16),
    subject: ASSETS[0] as Uint8Array,
    columns: [
      {
        metric: metricByName('memoryTotalBytes').id,
        cells: [150_754_820_096, 150_754_820_096, 150_754_820_096].map(valueCell),
      },
      { metric: metricByName('powerDrawW').id, cells: [612_345, 611_002, 640_110].map(valueCell) },
      { metric: metricByName('temperatureGpuC').id, cells: [valueCell(61), FORBIDDEN, valueCell(62)] },
      { metric: metricByName('nvlinkReplayTotal').id, cells: [valueCell(0), errorCell(15), ABSENT] },
      { metric: metricByName('fanSpeedPct').id, cells: [UNSUPPORTED, UNSUPPORTED, UNSUPPORTED] },
    ],
  },
  {
    kind: 'telemetry',
    salt: labelled('salt host', 16),
    subject: null,
    columns: [{ metric: metricByName('devicesFound').id, cells: [2, 2, 2].map(valueCell) }],
  },
]
export const EVENT: Segment = {
  kind: 'event',
  salt: labelled('salt event', 16),
  subject: ASSETS[1] as Uint8Array,
  event: 10,
  atMs: T0 + 2_500,
  detail: [79, 0],
}

const epoch = { n: EPOCH_N, id: bytesOf(epochId(toHex0x(FEED_ID), EPOCH_N, ANCHOR)) }

/** The agent's first entry: a batch. */
export const BATCH_HEADER = header([...SEGMENTS], {
  kind: 'batch',
  t0: T0,
  period: 3_000,
  times: [0, 1_000, 2_001],
})
/** The second: an event, linked to the batch, which tells what was dropped in between. */
export const EVENT_HEADER = header([EVENT], {
  kind: 'event',
  seq: 4,
  prev: labelled('header hash 3'),
  t0: T0 + 2_500,
  counters: {
    produced: 5,
    acked: 1,
    spooled: 1,
    dropped: [{ class: 'telemetry', reason: 'quota', count: 3 }],
  },
  tombstones: [
    {
      from: { boot: 1, seq: 1 },
      to: { boot: 1, seq: 3 },
      firstPrev: headerHash(encodeHeader(BATCH_HEADER), sha256),
      lastHash: labelled('header hash 3'),
      reason: 'quota',
    },
  ],
})

export const NOTICE: EpochNotice = {
  feedId: FEED_ID,
  n: EPOCH_N,
  epochId: epoch.id,
  blockNumber: 19_000_000,
  blockHash: bytesOf(ANCHOR),
  timestamp: EPOCH_N * EPOCH_LENGTH_S + 4,
  nodeId: bytesOf((NODES[0] as VectorNode).address),
}

export const ENROLMENT: Enrolment = {
  feedId: FEED_ID,
  publicKey: AGENT.publicKey,
  source: 'nvml',
  enrolledAtMs: T0 - 60_000,
  devices: IDENTITIES.map((identity, i) => ({
    assetId: ASSETS[i] as Uint8Array,
    opening: OPENINGS[i] as Uint8Array,
    identity,
    identityQuality: i === 0 ? 'silicon' : 'board',
    model: 'NVIDIA H200',
  })),
  inventory: '{"cpu":"example"}',
}

/** A leaf for each asset, as a round would give them. */
export const LEAVES: readonly Leaf[] = ASSETS.map((asset, i) => ({
  feedId: toHex0x(FEED_ID),
  tokenId: BigInt(i + 1),
  generation: 1,
  epoch: EPOCH_N,
  observedAt: EPOCH_N * EPOCH_LENGTH_S + 2,
  scoreBp: i === 0 ? 6_200 : 0,
  status: i === 0 ? 2 : 0,
  level: 0,
  confidenceBp: 4_100,
  reasons: packReasons(i === 0 ? [101, 402] : [1]),
  recoverableValueCents: 0n,
  triggers: packTriggers([0, 0, 0, 0, 0, 0, 0, i]),
  inputRoot: toHex0x(sha256(asset)),
}))
export const TREE = merkleTree(LEAVES.map(leafHash))

/** What the async part of the world adds: everything signed. */
export type VectorWorld = Awaited<ReturnType<typeof vectorWorld>>

/** Every signed object of the vectors; the same bytes in every run, since both signature schemes are deterministic. */
export async function vectorWorld() {
  const batch = await signEntry(BATCH_HEADER, SEGMENTS.map(encodeSegment), AGENT)
  const event = await signEntry(EVENT_HEADER, [encodeSegment(EVENT)], AGENT)
  const forked = encodeHeader({ ...BATCH_HEADER, period: 3_001 })
  const fork = {
    logId: AGENT_ID,
    first: await sign1('assay/header/1', encodeHeader(BATCH_HEADER), AGENT),
    second: await sign1('assay/header/1', forked, AGENT),
  }
  const hash = headerHash(encodeHeader(BATCH_HEADER), sha256)
  const ackList = (index: number, forks: AckList['forks']): AckList => ({
    feedId: FEED_ID,
    configId: 1,
    n: EPOCH_N,
    nodeId: bytesOf((NODES[index] as VectorNode).address),
    heads: [{ logId: AGENT_ID, boot: 1, seq: 0, hash }],
    served: [EPOCH_N - 1, EPOCH_N],
    forks,
  })
  const lists = [ackList(0, []), ackList(1, [fork])]
  const named = lists.map((list) => ({
    nodeId: list.nodeId,
    hash: payloadHash('assay/acklist/1', encodeAckList(list), sha256),
  }))
  const proposal: Proposal = {
    feedId: FEED_ID,
    configId: 1,
    n: EPOCH_N,
    turn: (NODES.length - (EPOCH_N % NODES.length)) % NODES.length,
    nodeId: bytesOf((NODES[0] as VectorNode).address),
    viewBlock: labelled('next anchor block'),
    lists: named,
  }
  const ack = { nodeId: lists[0]!.nodeId, agentId: AGENT_ID, boot: 1, seq: 0, hash }
  const report: Report = {
    feedId: toHex0x(FEED_ID),
    configId: 1,
    round: EPOCH_N,
    epochId: toHex0x(epoch.id),
    prevRoot: `0x${'00'.repeat(32)}`,
    root: toHex0x(TREE.root),
    leafCount: LEAVES.length,
    observedFrom: EPOCH_N * EPOCH_LENGTH_S,
    observedTo: EPOCH_N * EPOCH_LENGTH_S,
    validUntil: (EPOCH_N + 1) * EPOCH_LENGTH_S + 7_200,
    mapOpen: true,
    exceptionsHash: noExceptions(),
    aggregateHash: toHex0x(labelled('aggregate')),
    methodologyHash: toHex0x(labelled('methodology')),
    ackListsHash: ackListsHash(named),
  }
  const admission: Admission = {
    feedId: toHex0x(FEED_ID),
    configId: 1,
    owner: hex20('owner'),
    tokenId: 1n,
    assetId: toHex0x(ASSETS[0] as Uint8Array),
    generation: 1,
    agentId: toHex0x(AGENT_ID),
    level: 0,
    tags: [toHex0x(labelled('tag'))],
    evidenceDigest: toHex0x(labelled('evidence')),
    expiry: EPOCH_N * EPOCH_LENGTH_S + 86_400,
  }
  const dissent = {
    feedId: FEED_ID,
    n: EPOCH_N,
    nodeId: bytesOf((NODES[2] as VectorNode).address),
    against: bytesOf((NODES[0] as VectorNode).address),
    ownDigest: labelled('own digest'),
    otherDigest: labelled('other digest'),
    firstToken: '1',
    difference: 'scoreBp 6200, the other has 6201',
  }
  const by = (index: number) => (NODES[index] as VectorNode).transport
  return {
    batch,
    event,
    fork,
    ack,
    ackCose: await sign1('assay/ack/1', encodeAck(ack), by(0)),
    lists,
    listCoses: await Promise.all(
      lists.map((list, i) => sign1('assay/acklist/1', encodeAckList(list), by(i))),
    ),
    noticeCose: await sign1('assay/epoch/1', encodeEpochNotice(NOTICE), by(0)),
    proposal,
    proposalCose: await sign1('assay/proposal/1', encodeProposal(proposal), by(0)),
    dissent,
    dissentCose: await sign1('assay/dissent/1', encodeDissent(dissent), by(2)),
    enrolmentCose: await sign1('assay/enrolment/1', encodeEnrolment(ENROLMENT), AGENT),
    report,
    reportQuorum: quorum(reportDigest(HEALTH_ORACLE, report)),
    admission,
    admissionQuorum: quorum(admissionDigest(REGISTRY, admission)),
  }
}

/** Signatures of the first two nodes over a digest. */
export function quorum(digest: Uint8Array): Quorum {
  return packQuorum(
    new Map(NODES.slice(0, 2).map((node, i) => [i, signDigest(digest, node.reportSecret)] as const)),
  )
}

function header(segments: readonly Segment[], place: Partial<Header>): Header {
  return {
    agentId: AGENT_ID,
    kid: AGENT_ID,
    boot: 1,
    seq: 0,
    prev: new Uint8Array(32),
    kind: 'batch',
    epoch,
    t0: T0,
    period: 0,
    times: [],
    segments: segments.map((segment) => sha256(encodeSegment(segment))),
    evidence: [],
    counters: { produced: 1, acked: 0, spooled: 1, dropped: [] },
    tombstones: [],
    ...place,
  }
}

function hex20(label: string): Hex {
  return toHex0x(labelled(label, 20))
}

function bytesOf(hex: Hex): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.slice(2), 'hex'))
}
