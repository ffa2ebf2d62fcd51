import type { JsonRpcProvider } from 'ethers'
import type { Admission } from '#protocol/wire/admission'
import type { Hex } from '#protocol/wire/chainView'
import type { Quorum } from '#protocol/wire/quorum'
import { loadArtifact } from './artifact.ts'
import { sendAll } from './sendAll.ts'

/** An admission with the signatures of M report keys over its digest. */
export type SignedAdmission = { readonly admission: Admission; readonly quorum: Quorum }

/** Where an admission became a token. */
export type Minted = {
  readonly tokenId: bigint
  readonly transaction: Hex
  readonly blockNumber: number
  readonly gasUsed: bigint
}

/** Gas that one mint may use; each tag adds a storage slot. */
const MINT_GAS = 500_000n
const TAG_GAS = 40_000n

/**
 * Mints the tokens of signed admissions, in the given order, from the registrar's account. Throws
 * ORACLE_CHAIN_REVERT with the contract's custom error for the first one that the registry refuses; the others of the
 * call are minted all the same.
 */
export async function mintAdmissions(
  provider: JsonRpcProvider,
  registrarKey: Uint8Array,
  registry: Hex,
  signed: readonly SignedAdmission[],
): Promise<Minted[]> {
  const abi = loadArtifact('CaliberRegistry').interface
  const receipts = await sendAll(
    provider,
    registrarKey,
    signed.map(({ admission, quorum }) => ({
      what: `mint token ${admission.tokenId}`,
      to: registry,
      data: abi.encodeFunctionData('mint', [admissionTuple(admission), quorum.bitmap, quorum.signatures]),
      gasLimit: MINT_GAS + TAG_GAS * BigInt(admission.tags.length),
    })),
  )
  return receipts.map((receipt, i) => ({
    tokenId: (signed[i] as SignedAdmission).admission.tokenId,
    transaction: receipt.hash as Hex,
    blockNumber: receipt.blockNumber,
    gasUsed: receipt.gasUsed,
  }))
}

/** The admission as CaliberRegistry's ABI takes it. */
export function admissionTuple(admission: Admission): readonly unknown[] {
  return [
    admission.feedId,
    admission.configId,
    admission.owner,
    admission.tokenId,
    admission.assetId,
    admission.generation,
    admission.agentId,
    admission.level,
    admission.tags,
    admission.evidenceDigest,
    admission.expiry,
  ]
}
