import { fromHex, toHex } from '#protocol/bytes'
import type { AssetView } from '#protocol/http/assetView'
import type { RoundView } from '#protocol/http/roundView'
import { noblePrimitives } from '#protocol/noblePrimitives'
import { statusName } from '#protocol/score/statuses'
import type { AssetProof } from '#protocol/verify/assetProof'
import { verifyAssetProof } from '#protocol/verify/verifyAsset'
import type { VerifyResult } from '#protocol/verify/verifyPins'
import { parseSign1 } from '#protocol/wire/cose'
import { decodeHeader, headerHash } from '#protocol/wire/header'
import { askNode } from './askNode.ts'

/** Arguments of `assay explain`. `asset` is an asset id (any unambiguous beginning of it) or a token id. */
export type ExplainOptions = {
  readonly asset: string
  readonly round?: number
  readonly node: string
  readonly json?: boolean
}

/**
 * Prints one asset's score from the transaction back to the signed bytes: chain, report, signers, leaf, reasons,
 * entry, and whether each step verifies here. Exit code 0 when all steps hold, 1 when one does not, 2 when the asset
 * or round is not to be had.
 */
export async function explainCommand(options: ExplainOptions): Promise<number> {
  try {
    const { assets } = (await (await askNode(options.node, '/api/v1/assets')).json()) as {
      assets: AssetView[]
    }
    const wanted = options.asset.replace(/^0x/, '').toLowerCase()
    const found = assets.filter(
      (asset) => asset.assetId.startsWith(wanted) || asset.tokenId === options.asset,
    )
    if (found.length !== 1) {
      console.error(
        `${options.asset} names ${found.length} assets, wanted one of: ${assets.map((a) => `${a.tokenId} = ${a.assetId.slice(0, 12)}`).join(', ')}`,
      )
      return 2
    }
    const asset = found[0] as AssetView
    const at = options.round ?? 'latest'
    const proof = (await (
      await askNode(options.node, `/api/v1/assets/${asset.assetId}/proof?round=${at}`)
    ).json()) as AssetProof
    const round = (await (
      await askNode(options.node, `/api/v1/rounds/${proof.report.round}`)
    ).json()) as RoundView
    const verdict = verifyAssetProof(proof, { rosterFingerprint: null }, noblePrimitives)
    if (options.json) console.log(JSON.stringify({ asset, proof, round, verdict }))
    else print(asset, proof, round, verdict)
    return verdict.ok ? 0 : 1
  } catch (error) {
    console.error((error as Error).message)
    return 2
  }
}

function print(asset: AssetView, proof: AssetProof, round: RoundView, verdict: VerifyResult): void {
  const { leaf, report } = proof
  const lines = [
    `asset        ${asset.assetId}  token ${leaf.tokenId}, generation ${leaf.generation}, ${asset.model}`,
    `status       ${statusName(leaf.status)}, score ${leaf.scoreBp} bp, confidence ${leaf.confidenceBp} bp, level L${leaf.level}`,
    ...(asset.round === report.round
      ? asset.reasons.map((reason) => `reason       ${reason.name}: ${reason.text} ${reason.remedy}`)
      : []),
    `observed     ${new Date(leaf.observedAt * 1000).toISOString()}`,
    `inputs       ${leaf.inputRoot}`,
    `round        ${report.round}, epoch ${report.epochId}`,
    `root         ${report.root} over ${report.leafCount} leaves, proof of ${proof.proof.length} steps`,
    `digest       ${round.digest}`,
    ...proof.signatures.map((signature) => `signed by    0x${signature.nodeId}`),
    ...round.named.map((named) => `ack list     ${named.ackListHash} of 0x${named.nodeId}`),
    ...entryLines(proof),
    proof.transaction
      ? `transaction  ${proof.transaction.hash} in block ${proof.transaction.blockNumber}, ${proof.transaction.gasUsed} gas`
      : 'transaction  not on chain yet',
    '',
    ...verdict.steps.map(
      (step) => `${step.ok ? 'holds ' : step.ok === null ? 'n/a   ' : 'FAILS '} ${step.name}: ${step.detail}`,
    ),
  ]
  console.log(lines.join('\n'))
}

function entryLines(proof: AssetProof): string[] {
  if (!proof.entry) return ['entry        none archived']
  const payload = parseSign1('assay/header/1', fromHex(proof.entry.cose) as Uint8Array).payload
  const header = decodeHeader(payload)
  return [
    `entry        boot ${header.boot}, seq ${header.seq}, hash ${toHex(headerHash(payload, noblePrimitives.sha256))}`,
    `agent        ${toHex(header.agentId)}, segment ${proof.entry.index + 1} of ${header.segments.length}`,
  ]
}
