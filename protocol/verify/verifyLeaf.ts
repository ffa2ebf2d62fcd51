import { toHex } from '../bytes.ts'
import { admissionDigest } from '../wire/admission.ts'
import type { Leaf } from '../wire/leaf.ts'
import { leafHash } from '../wire/leaf.ts'
import { verifyMerkleProof } from '../wire/merkle.ts'
import type { Roster } from '../wire/roster.ts'
import type { AssetProof } from './assetProof.ts'
import { hexBytes } from './jsonShape.ts'
import { leafOfJson } from './parseAssetProof.ts'
import { short, type VerifiedHeader } from './verifyEntry.ts'
import type { VerifyPins } from './verifyPins.ts'
import { verifySigners } from './verifyRound.ts'
import { type Outcome, StepFailure } from './verifySteps.ts'

/** The leaf hashes up to the root that the report signs. Throws StepFailure or a coded protocol error. */
export function verifyMerkle(proof: AssetProof): Outcome<Leaf> {
  const leaf = leafOfJson(proof.leaf)
  const hash = leafHash(leaf)
  if (!verifyMerkleProof(hexBytes(proof.report.root), hash, proof.proof.map(hexBytes)))
    throw new StepFailure(
      `the leaf ${short(hash)} does not lead to the signed root ${proof.report.root.slice(0, 10)}…`,
    )
  return {
    value: leaf,
    detail: `the leaf ${short(hash)} leads to the signed root ${proof.report.root.slice(0, 10)}… over ${proof.proof.length} siblings (${proof.report.leafCount} leaves)`,
  }
}

/** The leaf is of this feed and round. Throws StepFailure. */
export function verifyLeafPlace(proof: AssetProof, leaf: Leaf): Outcome<null> {
  if (leaf.feedId !== proof.report.feedId) throw new StepFailure('the leaf is of another feed')
  if (leaf.epoch !== proof.report.round)
    throw new StepFailure(`the leaf is of round ${leaf.epoch}, the report of ${proof.report.round}`)
  return {
    value: null,
    detail: `token ${leaf.tokenId}, generation ${leaf.generation}, round ${leaf.epoch}: score ${leaf.scoreBp} bp, status ${leaf.status}, level L${leaf.level}`,
  }
}

/**
 * M report keys admitted this asset under the leaf's token and generation, bound to the agent that signed the header.
 * Without an admission, or with one of an earlier roster, that binding is the registry's and not proven here.
 * Throws StepFailure or a coded protocol error.
 */
export function verifyAdmission(
  proof: AssetProof,
  roster: Roster,
  leaf: Leaf,
  signed: VerifiedHeader,
  pins: VerifyPins,
): Outcome<null> {
  if (!proof.admission)
    return unproven(
      'not shown: that this token is this asset, and this agent its host, is what the registry says',
    )
  const { domain, admission, signatures } = proof.admission
  const found: readonly (readonly [string, string, string])[] = [
    ['feed', admission.feedId, proof.report.feedId],
    ['asset', admission.assetId, `0x${proof.assetId}`],
    ['token', admission.tokenId, String(leaf.tokenId)],
    ['generation', String(admission.generation), String(leaf.generation)],
    ['chain', String(domain.chainId), String(proof.domain.chainId)],
    ['registry', domain.verifyingContract, pins.registry ?? domain.verifyingContract],
    ['agent', admission.agentId, `0x${toHex(signed.header.agentId)}`],
  ]
  const wrong = found.find(([, said, wanted]) => said !== wanted)
  if (wrong) throw new StepFailure(`the admission is for ${wrong[0]} ${wrong[1]}, wanted ${wrong[2]}`)
  if (admission.configId !== roster.configId)
    return unproven(
      `signed by roster config ${admission.configId}, which is not shown; the registry holds it`,
    )
  const digest = admissionDigest(domain, { ...admission, tokenId: BigInt(admission.tokenId) })
  const signers = verifySigners(digest, signatures, roster)
  return {
    value: null,
    detail: `${signers.length} nodes admitted this asset as token ${admission.tokenId}, bound to the agent that signed; a later rebind would be on chain only`,
  }
}

function unproven(detail: string): Outcome<null> {
  return { value: null, detail, unproven: true }
}
