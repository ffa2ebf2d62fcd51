import { computeAddress, concat, getCreateAddress, type JsonRpcProvider, SigningKey } from 'ethers'
import type { Hex } from '#protocol/wire/chainView'
import { loadArtifact } from './artifact.ts'
import { type Call, sendAll } from './sendAll.ts'

/** First roster config of a feed. Seconds throughout. */
export type FeedConfig = {
  /** Report addresses in roster order. */
  readonly signers: readonly Hex[]
  /** M: at least 2 and more than half. */
  readonly threshold: number
  readonly validFrom: number
  /** At most 2^40 - 1. */
  readonly validTo: number
  readonly epochLengthS: number
  readonly heartbeatS: number
  readonly methodologyHash: Hex
  readonly rosterHash: Hex
}

/** Where the contracts of one deployment are. */
export type Deployment = {
  readonly chainId: number
  readonly healthOracle: Hex
  readonly registry: Hex
  /** Block of the first of the transactions: nothing of this deployment is older. */
  readonly fromBlock: number
}

/**
 * Deploys HealthOracle and CaliberRegistry and opens a feed, in one go. The deployer owns both and is the registrar;
 * it needs about 7 million gas. Throws what `sendAll` throws.
 */
export async function deployContracts(
  provider: JsonRpcProvider,
  deployerKey: Uint8Array,
  feedId: Hex,
  config: FeedConfig,
): Promise<Deployment> {
  const oracle = loadArtifact('HealthOracle')
  const registry = loadArtifact('CaliberRegistry')
  const from = computeAddress(new SigningKey(deployerKey))
  const nonce = await provider.getTransactionCount(from, 'pending')
  const healthOracle = getCreateAddress({ from, nonce })
  const calls: Call[] = [
    {
      what: 'deploy HealthOracle',
      data: concat([oracle.bytecode, oracle.interface.encodeDeploy([from])]),
      gasLimit: 5_000_000n,
    },
    {
      what: 'deploy CaliberRegistry',
      data: concat([registry.bytecode, registry.interface.encodeDeploy([healthOracle, from, from])]),
      gasLimit: 4_000_000n,
    },
    {
      what: 'open the feed',
      to: healthOracle,
      data: oracle.interface.encodeFunctionData('openFeed', [feedId, configTuple(config)]),
      gasLimit: 1_500_000n,
    },
  ]
  const receipts = await sendAll(provider, deployerKey, calls)
  return {
    chainId: Number((await provider.getNetwork()).chainId),
    healthOracle: healthOracle.toLowerCase() as Hex,
    registry: getCreateAddress({ from, nonce: nonce + 1 }).toLowerCase() as Hex,
    fromBlock: Math.min(...receipts.map((receipt) => receipt.blockNumber)),
  }
}

/** The config as HealthOracle's ABI takes it. */
export function configTuple(config: FeedConfig): readonly unknown[] {
  return [
    config.signers,
    config.threshold,
    config.validFrom,
    config.validTo,
    config.epochLengthS,
    config.heartbeatS,
    config.methodologyHash,
    config.rosterHash,
  ]
}
