import { fromHex, toHex, toHex0x } from '#protocol/bytes'
import { headOf } from '#protocol/score/roundState'
import type { AdmissionProof, AssetProof } from '#protocol/verify/assetProof'
import type { LogHead } from '#protocol/wire/ackList'
import { type Entry, entrySegments, parseEntry } from '#protocol/wire/entry'
import { type Leaf, leafHash } from '#protocol/wire/leaf'
import { merkleTree } from '#protocol/wire/merkle'
import { encodeRoster } from '#protocol/wire/roster'
import type { NodeParts } from './parts.ts'
import { postedRound } from './postedRound.ts'

/** Entries looked through, newest first, for one that carries the asset's telemetry. */
const LOOK_BACK = 64

/** Everything that proves one asset in one posted round, or undefined when this node cannot show it. */
export async function assetProof(
  parts: NodeParts,
  assetId: string,
  n: number | 'latest',
): Promise<AssetProof | undefined> {
  const posted = postedRound(parts, n)
  const report = posted?.record.report
  const record = posted?.state.assets.find((asset) => asset.assetId === `0x${assetId}`)
  if (!posted || !report || !record) return undefined
  const agent = parts.archive.agent(fromHex(record.agentId) as Uint8Array)
  const ackLists = posted.record.named.map((named) =>
    parts.rounds.get(posted.record.n, 'named', `0x${named.ackListHash}`),
  )
  if (!agent || ackLists.some((list) => list === undefined)) return undefined
  const head = headOf(posted.state, record.agentId)
  const { transaction, blockNumber, gasUsed } = posted.record
  return {
    type: 'assay/asset-proof/1',
    assetId,
    domain: { chainId: parts.deployment.chainId, verifyingContract: parts.deployment.healthOracle },
    report,
    signatures: posted.record.signatures.map(({ nodeId, signature }) => ({
      nodeId: nodeId.slice(2),
      signature,
    })),
    roster: toHex(encodeRoster(parts.roster)),
    ackLists: (ackLists as Uint8Array[]).map(toHex),
    leaf: leafJson(record.leaf),
    proof: merkleTree(posted.state.assets.map((asset) => leafHash(asset.leaf)))
      .proof(leafHash(record.leaf))
      .map(toHex0x),
    agentKey: toHex(agent.publicKey),
    entry: head ? newestEvidence(parts, assetId, head) : null,
    admission: await admissionProof(parts, assetId),
    transaction:
      transaction && blockNumber !== null && gasUsed !== null
        ? { hash: transaction, blockNumber, gasUsed }
        : null,
  }
}

async function admissionProof(parts: NodeParts, assetId: string): Promise<AdmissionProof | null> {
  const token = parts.engine.view()?.tokens.find((each) => each.assetId === `0x${assetId}`)
  const minted = token && (await parts.admissions.of(token))
  if (!minted) return null
  const { admission, quorum } = minted
  const signers = parts.roster.nodes.filter((_, index) => quorum.bitmap & (1 << index))
  return {
    domain: { chainId: parts.deployment.chainId, verifyingContract: parts.deployment.registry },
    admission: { ...admission, tokenId: String(admission.tokenId) },
    signatures: signers.map((node, i) => ({
      nodeId: toHex(node.nodeId),
      signature: toHex0x(quorum.signatures.subarray(64 * i, 64 * i + 64)),
    })),
  }
}

function newestEvidence(parts: NodeParts, assetId: string, head: LogHead): AssetProof['entry'] {
  const rows = parts.archive.entriesInRange(
    head.logId,
    head.boot,
    Math.max(0, head.seq - LOOK_BACK),
    head.seq,
  )
  for (const row of rows.reverse()) {
    const entry = parseEntry(row.bytes, parts.primitives)
    const index = segmentIndex(entry, assetId)
    if (index >= 0) return { cose: toHex(entry.cose), body: toHex(entry.bodies[index] as Uint8Array), index }
  }
  return null
}

function segmentIndex(entry: Entry, assetId: string): number {
  if (entry.header.kind !== 'batch') return -1
  try {
    return entrySegments(entry).findIndex(
      (segment) =>
        segment.kind === 'telemetry' && segment.subject !== null && toHex(segment.subject) === assetId,
    )
  } catch {
    return -1
  }
}

function leafJson(leaf: Leaf): AssetProof['leaf'] {
  return {
    ...leaf,
    tokenId: String(leaf.tokenId),
    reasons: String(leaf.reasons),
    recoverableValueCents: String(leaf.recoverableValueCents),
  }
}
