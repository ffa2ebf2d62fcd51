import type { JsonRpcProvider } from 'ethers'
import { fromHex, toHex0x } from '#protocol/bytes'
import type { Admission } from '#protocol/wire/admission'
import type { Hex } from '#protocol/wire/chainView'
import { packQuorum } from '#protocol/wire/quorum'
import type { Roster } from '#protocol/wire/roster'
import type { EnrolledAgent } from '../api/nodeView.ts'
import { type Minted, mintAdmissions, type SignedAdmission } from '../registry/admit.ts'

/** What the registrar of a feed acts with. */
export type RegistrarOptions = {
  readonly provider: JsonRpcProvider
  readonly registrarKey: Uint8Array
  readonly registry: Hex
  readonly roster: Roster
  readonly owner: Hex
}

const VALID_S = 3600

/**
 * Admits every collateral-worthy device of an agent: asks the nodes for their signatures over each admission and mints
 * with M of them (PROTOCOL §5). Token ids follow `firstTokenId`.
 * @throws Error when fewer than M nodes sign
 */
export async function admitAgent(
  agent: EnrolledAgent,
  firstTokenId: bigint,
  options: RegistrarOptions,
): Promise<Minted[]> {
  const block = await options.provider.getBlock('latest')
  const expiry = (block?.timestamp ?? 0) + VALID_S
  const worthy = agent.devices.filter((device) => device.identityQuality !== 'insufficient')
  const signed: SignedAdmission[] = []
  for (const [i, device] of worthy.entries()) {
    const admission: Admission = {
      feedId: toHex0x(options.roster.feedId),
      configId: options.roster.configId,
      owner: options.owner,
      tokenId: firstTokenId + BigInt(i),
      assetId: `0x${device.assetId}`,
      generation: 1,
      agentId: `0x${agent.agentId}`,
      level: 0,
      tags: [],
      evidenceDigest: agent.evidenceDigest,
      expiry,
    }
    signed.push({ admission, quorum: packQuorum(await collectSignatures(admission, options.roster)) })
  }
  return mintAdmissions(options.provider, options.registrarKey, options.registry, signed)
}

async function collectSignatures(admission: Admission, roster: Roster): Promise<Map<number, Uint8Array>> {
  const signatures = new Map<number, Uint8Array>()
  const refusals: string[] = []
  for (const [index, node] of roster.nodes.entries()) {
    if (signatures.size >= roster.threshold) break
    const response = await fetch(`${node.url}/admissions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...admission, tokenId: String(admission.tokenId) }),
    })
    const answer = (await response.json()) as { signature?: Hex; message?: string }
    if (response.ok && answer.signature) signatures.set(index, fromHex(answer.signature) as Uint8Array)
    else refusals.push(`${node.url}: ${answer.message}`)
  }
  if (signatures.size < roster.threshold) {
    throw new Error(
      `only ${signatures.size} of ${roster.threshold} nodes signed the admission of token ${admission.tokenId}: ${refusals.join('; ')}`,
    )
  }
  return signatures
}
