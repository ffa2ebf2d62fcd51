import type { JsonRpcProvider } from 'ethers'
import type { Hex } from '#protocol/wire/chainView'
import { loadArtifact } from './artifact.ts'

/** Where a round stands on chain. */
export type PostedAt = {
  readonly transaction: Hex
  readonly blockNumber: number
  readonly gasUsed: number
}

/**
 * Looks for a round with exactly this digest at or after `fromBlock`, final or not; null while it is not there. What
 * counts for the next round is the chain view: this only tells people and other transmitters sooner.
 */
export async function findPosted(
  provider: JsonRpcProvider,
  healthOracle: Hex,
  feedId: Hex,
  round: number,
  digest: Hex,
  fromBlock: number,
): Promise<PostedAt | null> {
  const abi = loadArtifact('HealthOracle').interface
  const topics = abi.encodeFilterTopics('RoundPosted', [feedId, round, digest])
  const [log] = await provider.getLogs({ address: healthOracle, fromBlock, topics })
  const receipt = log && (await provider.getTransactionReceipt(log.transactionHash))
  if (!receipt) return null
  return {
    transaction: receipt.hash.toLowerCase() as Hex,
    blockNumber: receipt.blockNumber,
    gasUsed: Number(receipt.gasUsed),
  }
}
