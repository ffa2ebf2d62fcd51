import { sameBytes, toHex } from '../bytes.ts'
import type { Primitives } from '../primitives.ts'
import { type AckList, decodeAckList } from '../wire/ackList.ts'
import { ackListsHash } from '../wire/ackListsHash.ts'
import type { Hex } from '../wire/chainView.ts'
import { parseSign1, payloadHash, verifySign1 } from '../wire/cose.ts'
import { comparePositions } from '../wire/header.ts'
import { reportDigest } from '../wire/report.ts'
import { recoverSigner } from '../wire/reportSignature.ts'
import { decodeRoster, type Roster, rosterFingerprint, rosterQuorumK } from '../wire/roster.ts'
import type { AssetProof } from './assetProof.ts'
import { hexBytes } from './jsonShape.ts'
import { short, type VerifiedHeader } from './verifyEntry.ts'
import type { VerifyPins } from './verifyPins.ts'
import { type Outcome, StepFailure } from './verifySteps.ts'

/** The roster is the pinned one and of the report's feed and config. Throws StepFailure or a coded protocol error. */
export function verifyRoster(proof: AssetProof, pins: VerifyPins): Outcome<Roster> {
  const roster = decodeRoster(hexBytes(proof.roster))
  const fingerprint = toHex(rosterFingerprint(roster))
  if (pins.rosterFingerprint !== null && fingerprint !== pins.rosterFingerprint)
    throw new StepFailure(
      `the roster has fingerprint ${fingerprint.slice(0, 16)}…, you pinned ${pins.rosterFingerprint.slice(0, 16)}…`,
    )
  if (`0x${toHex(roster.feedId)}` !== proof.report.feedId)
    throw new StepFailure('the roster is of another feed than the report')
  if (roster.configId !== proof.report.configId)
    throw new StepFailure(
      `the roster is config ${roster.configId}, the report names ${proof.report.configId}`,
    )
  const nodes = `${roster.threshold} of ${roster.nodes.length} nodes, fingerprint ${fingerprint.slice(0, 16)}…`
  return pins.rosterFingerprint === null
    ? {
        value: roster,
        detail: `${nodes}; you pinned none, so nothing says that these are the right nodes`,
        unproven: true,
      }
    : { value: roster, detail: `${nodes}, as pinned` }
}

/**
 * M report signatures over the recomputed EIP-712 digest recover to different nodes of a roster; a signature that does
 * not is a failure even beside M good ones. Throws StepFailure or a coded protocol error.
 */
export function verifySigners(
  digest: Uint8Array,
  signatures: AssetProof['signatures'],
  roster: Roster,
): string[] {
  const ids = roster.nodes.map((node) => toHex(node.nodeId))
  const signers: string[] = []
  for (const { nodeId, signature } of signatures) {
    const signer = recoverSigner(digest, hexBytes(signature)).slice(2)
    if (signer !== nodeId)
      throw new StepFailure(`the signature of ${nodeId.slice(0, 8)}… recovers to ${signer.slice(0, 8)}…`)
    if (!ids.includes(signer)) throw new StepFailure(`${signer.slice(0, 8)}… is not a node of the roster`)
    if (signers.includes(signer)) throw new StepFailure(`${signer.slice(0, 8)}… signed twice`)
    signers.push(signer)
  }
  if (signers.length < roster.threshold)
    throw new StepFailure(`${signers.length} signatures, ${roster.threshold} are needed`)
  return signers
}

/** The report's quorum. Throws StepFailure or a coded protocol error. */
export function verifyQuorumOfReport(
  proof: AssetProof,
  roster: Roster,
  pins: VerifyPins,
): Outcome<{ readonly digest: Hex }> {
  const { chainId, verifyingContract } = proof.domain
  if (pins.chainId !== undefined && pins.chainId !== chainId)
    throw new StepFailure(`signed for chain ${chainId}, you pinned chain ${pins.chainId}`)
  if (pins.healthOracle !== undefined && pins.healthOracle !== verifyingContract)
    throw new StepFailure(`signed for contract ${verifyingContract}, you pinned ${pins.healthOracle}`)
  const digest = reportDigest(proof.domain, proof.report)
  const signers = verifySigners(digest, proof.signatures, roster)
  return {
    value: { digest: `0x${toHex(digest)}` },
    detail: `${signers.length} of ${roster.nodes.length} nodes signed the digest ${short(digest)} of round ${proof.report.round} (${roster.threshold} needed)`,
  }
}

/**
 * Every named ack list is signed by its node for this round, together they are those that the report commits to, and at
 * least K = 2M - N of them hold the shown entry (PROTOCOL §6.3, §6.4); without a verified entry the last is left open.
 * Throws StepFailure or a coded protocol error.
 */
export function verifyAckLists(
  proof: AssetProof,
  roster: Roster,
  signed: VerifiedHeader | null | undefined,
  primitives: Primitives,
): Outcome<null> {
  const lists = proof.ackLists.map((hex, i) => openAckList(hexBytes(hex), i, proof, roster, primitives))
  const hash = ackListsHash(lists.map(({ list, hash }) => ({ nodeId: list.nodeId, hash })))
  if (hash !== proof.report.ackListsHash)
    throw new StepFailure(
      `the lists hash to ${hash.slice(0, 10)}…, the signed report says ${proof.report.ackListsHash.slice(0, 10)}…`,
    )
  if (lists.length < roster.threshold)
    throw new StepFailure(`${lists.length} ack lists, ${roster.threshold} are needed`)
  if (!signed)
    return {
      value: null,
      detail: `${lists.length} nodes signed how far they have each log; no verified reading to place in them`,
      unproven: true,
    }
  const holding = lists.filter(({ list }) => holds(list, signed)).length
  const needed = rosterQuorumK(roster)
  const place = `boot ${signed.header.boot}, sequence ${signed.header.seq}`
  if (holding < needed) throw new StepFailure(`${holding} lists reach ${place}, ${needed} are needed`)
  return {
    value: null,
    detail: `${lists.length} nodes signed how far they have the log; ${holding} reach ${place} (${needed} needed)`,
  }
}

function openAckList(
  bytes: Uint8Array,
  index: number,
  proof: AssetProof,
  roster: Roster,
  primitives: Primitives,
): { list: AckList; hash: Uint8Array } {
  const object = parseSign1('assay/acklist/1', bytes)
  const list = decodeAckList(object.payload)
  const node = roster.nodes.find((each) => sameBytes(each.nodeId, list.nodeId))
  const who = `ack list ${index + 1} of node ${short(list.nodeId)}`
  if (!node) throw new StepFailure(`${who}: not a node of the roster`)
  if (!verifySign1(object, node.transportKey, primitives))
    throw new StepFailure(`${who}: the signature does not verify under its transport key`)
  if (!sameBytes(list.feedId, roster.feedId) || list.configId !== roster.configId)
    throw new StepFailure(`${who}: of another feed or config`)
  if (list.n !== proof.report.round)
    throw new StepFailure(`${who}: of round ${list.n}, wanted ${proof.report.round}`)
  return { list, hash: payloadHash('assay/acklist/1', object.payload, primitives.sha256) }
}

function holds(list: AckList, signed: VerifiedHeader): boolean {
  const head = list.heads.find((each) => sameBytes(each.logId, signed.header.agentId))
  if (!head) return false
  const order = comparePositions(head, signed.header)
  if (order === 0 && !sameBytes(head.hash, signed.hash))
    throw new StepFailure(
      `node ${short(list.nodeId)} lists another header at this place: the agent forked its log`,
    )
  return order >= 0
}
