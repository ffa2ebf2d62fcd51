import type { AssetView } from '#protocol/http/assetView'
import type { FeedInfo } from '#protocol/http/feedInfo'
import { noblePrimitives } from '#protocol/noblePrimitives'
import { verifyAssetProof } from '#protocol/verify/verifyAsset'
import type { VerifyResult } from '#protocol/verify/verifyPins'
import { fetchBytes, fetchJson } from './fetchJson.ts'
import { nodeNow } from './nodeClock.ts'
import type { Pin } from './pins.ts'

/** What this browser checked of one asset: the result holds for exactly the values in `shown`. */
export type Check = {
  readonly shown: AssetView
  readonly result: VerifyResult
  /** Milliseconds of the node's clock. */
  readonly at: number
  readonly tookMs: number
}

/** Fetches the proof of what is shown and checks it here. Throws FetchError when the node does not give the proof. */
export async function checkAsset(shown: AssetView, feed: FeedInfo, pin: Pin): Promise<Check> {
  const round = shown.round === null ? '' : `?round=${shown.round}`
  const [proof, latestEntry] = await Promise.all([
    fetchJson<unknown>(`/api/v1/assets/${shown.assetId}/proof${round}`),
    shown.latest ? fetchBytes(`/archive/entry/${shown.latest.headerHash}`) : undefined,
  ])
  const began = performance.now()
  const result = verifyAssetProof(
    proof,
    {
      rosterFingerprint: pin.fingerprint,
      chainId: feed.chainId,
      healthOracle: feed.healthOracle,
      registry: feed.registry,
      shown,
      ...(latestEntry ? { latestEntry } : {}),
    },
    noblePrimitives,
  )
  return { shown, result, at: nodeNow(), tookMs: performance.now() - began }
}
