import type { AssetView } from '../http/assetView.ts'
import type { Hex } from '../wire/chainView.ts'
import type { Leaf } from '../wire/leaf.ts'
import type { VerifyStep } from './verifySteps.ts'

/** What the reader knows from elsewhere, and what was shown to him. Ids are hex without 0x. */
export type VerifyPins = {
  /** Null: the reader pinned none, and the roster step says so. */
  readonly rosterFingerprint: string | null
  readonly chainId?: number
  readonly healthOracle?: Hex
  readonly registry?: Hex
  /** What a screen shows of this asset: compared with what is signed. */
  readonly shown?: AssetView
  /** Bytes of the entry that `shown.latest` names, when it is newer than the one in the proof. */
  readonly latestEntry?: Uint8Array
  /** The digest that HealthOracle accepted for this round, read from a chain that the reader trusts. */
  readonly onChainDigest?: Hex
}

/** The checks in order. `ok`: none failed; what is not proven (`ok` null) is listed with its reason. */
export type VerifyResult = {
  readonly ok: boolean
  readonly firstFailure: VerifyStep | null
  readonly steps: readonly VerifyStep[]
  /** The signed leaf, when the roster, its quorum and the Merkle proof hold. */
  readonly leaf: Leaf | null
  /** The EIP-712 digest that M of the roster signed, when the quorum holds. */
  readonly digest: Hex | null
}
