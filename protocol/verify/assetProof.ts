import type { Hex } from '../wire/chainView.ts'
import type { SigningDomain } from '../wire/eip712.ts'
import type { Report } from '../wire/report.ts'

/** A leaf in JSON: bigint fields are decimal text. */
export type LeafJson = {
  readonly feedId: Hex
  readonly tokenId: string
  readonly generation: number
  readonly epoch: number
  readonly observedAt: number
  readonly scoreBp: number
  readonly status: number
  readonly level: number
  readonly confidenceBp: number
  readonly reasons: string
  readonly recoverableValueCents: string
  readonly triggers: number
  readonly inputRoot: Hex
}

/** The admission that bound token, asset and agent, with its report-key signatures (64 bytes, EIP-2098). */
export type AdmissionProof = {
  /** `verifyingContract` is CaliberRegistry. */
  readonly domain: SigningDomain
  readonly admission: {
    readonly feedId: Hex
    readonly configId: number
    readonly owner: Hex
    readonly tokenId: string
    readonly assetId: Hex
    readonly generation: number
    readonly agentId: Hex
    readonly level: number
    readonly tags: readonly Hex[]
    readonly evidenceDigest: Hex
    readonly expiry: number
  }
  readonly signatures: readonly { readonly nodeId: string; readonly signature: Hex }[]
}

/**
 * Everything that a reader needs to check one asset in one round by itself. Bytes of CBOR and COSE objects are hex
 * without 0x; chain values have 0x.
 */
export type AssetProof = {
  readonly type: 'assay/asset-proof/1'
  readonly assetId: string
  /** `verifyingContract` is HealthOracle. */
  readonly domain: SigningDomain
  readonly report: Report
  readonly signatures: readonly { readonly nodeId: string; readonly signature: Hex }[]
  /** Canonical roster bytes. */
  readonly roster: string
  /** The named ack lists as signed (COSE): all of them, for the report commits to all. */
  readonly ackLists: readonly string[]
  readonly leaf: LeafJson
  /** Siblings from the leaf to the root. */
  readonly proof: readonly Hex[]
  /** The agent's P-256 key, 65 bytes. */
  readonly agentKey: string
  /** The newest entry with telemetry of this asset at or below the heads of the round; null: none was ever archived. */
  readonly entry: {
    /** Signed header. */
    readonly cose: string
    /** This asset's segment only. */
    readonly body: string
    /** Its place in the header's list of segments. */
    readonly index: number
  } | null
  readonly admission: AdmissionProof | null
  /** What the node says; the proof does not cover it. */
  readonly transaction: { readonly hash: Hex; readonly blockNumber: number; readonly gasUsed: number } | null
}
