import type { Primitives } from '../primitives.ts'
import type { Hex } from '../wire/chainView.ts'
import type { Leaf } from '../wire/leaf.ts'
import type { AssetProof } from './assetProof.ts'
import { parseAssetProof } from './parseAssetProof.ts'
import { verifyHeader, verifySegment } from './verifyEntry.ts'
import { verifyAdmission, verifyLeafPlace, verifyMerkle } from './verifyLeaf.ts'
import type { VerifyPins, VerifyResult } from './verifyPins.ts'
import { verifyAckLists, verifyQuorumOfReport, verifyRoster } from './verifyRound.ts'
import { verifyReading, verifyShownLeaf } from './verifyShown.ts'
import { type Outcome, StepFailure, stepRunner, type VerifyStep } from './verifySteps.ts'

/**
 * Checks one asset of one round from parsed JSON: the agent's header and segment, the roster, the quorum of report
 * signatures over the recomputed digest, the ack lists that the report commits to, the Merkle proof, the admission, and
 * that what is shown is what is signed. Never throws on a bad proof: the step that fails says why.
 */
export function verifyAssetProof(json: unknown, pins: VerifyPins, primitives: Primitives): VerifyResult {
  const { steps, run } = stepRunner()
  const proof = run('shape', [], () => shape(json, pins))
  if (proof) {
    const header = run('header', [], () => verifyHeader(proof, primitives))
    const segment = run('segment', [['header', header]], () => verifySegment(proof, header!, primitives))
    const roster = run('roster', [], () => verifyRoster(proof, pins))
    const quorum = run('quorum', [['roster', roster]], () => verifyQuorumOfReport(proof, roster!, pins))
    run(
      'ackLists',
      [
        ['roster', roster],
        ['quorum', quorum],
      ],
      () => verifyAckLists(proof, roster!, header, primitives),
    )
    const leaf = run('merkle', [['quorum', quorum]], () => verifyMerkle(proof))
    run('leaf', [['merkle', leaf]], () => verifyLeafPlace(proof, leaf!))
    run(
      'admission',
      [
        ['header', header],
        ['merkle', leaf],
      ],
      () => verifyAdmission(proof, roster!, leaf!, header!, pins),
    )
    const { shown } = pins
    if (shown) {
      run('shown', [['merkle', leaf]], () => verifyShownLeaf(shown, leaf!))
      run('reading', [['header', header]], () =>
        verifyReading(shown.latest, proof, header!, segment, pins.latestEntry, primitives),
      )
    }
    run('transaction', [['quorum', quorum]], () => transaction(proof, quorum!.digest, pins))
    return result(steps, leaf ?? null, quorum?.digest ?? null)
  }
  return result(steps, null, null)
}

function shape(json: unknown, pins: VerifyPins): Outcome<AssetProof> {
  const proof = parseAssetProof(json)
  if (pins.shown && pins.shown.assetId !== proof.assetId)
    throw new StepFailure(`a proof of asset ${proof.assetId.slice(0, 8)}…, not of the one shown`)
  return {
    value: proof,
    detail: `every part is there: asset ${proof.assetId.slice(0, 8)}…, round ${proof.report.round}`,
  }
}

function transaction(proof: AssetProof, digest: Hex, pins: VerifyPins): Outcome<null> {
  if (pins.onChainDigest !== undefined) {
    if (pins.onChainDigest !== digest)
      throw new StepFailure(`the chain accepted digest ${pins.onChainDigest}, this is ${digest}`)
    return { value: null, detail: 'the chain that you named accepted exactly this digest' }
  }
  const said = proof.transaction
    ? `the node says transaction ${proof.transaction.hash.slice(0, 10)}… in block ${proof.transaction.blockNumber}`
    : 'the node names no transaction'
  return { value: null, detail: `${said}; not proven here: ask a chain that you trust`, unproven: true }
}

function result(steps: readonly VerifyStep[], leaf: Leaf | null, digest: Hex | null): VerifyResult {
  const firstFailure = steps.find((step) => step.ok === false) ?? null
  return { ok: firstFailure === null, firstFailure, steps, leaf, digest }
}
