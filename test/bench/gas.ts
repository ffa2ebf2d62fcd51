import { toHex0x } from '#protocol/bytes'
import type { Hex } from '#protocol/wire/chainView'
import { exceptionsAgainst, packExceptions } from '#protocol/wire/exceptions'
import { initKeccak } from '#protocol/wire/keccak'
import { type Leaf, leafHash } from '#protocol/wire/leaf'
import { merkleTree } from '#protocol/wire/merkle'
import { loadArtifact } from '../../oracle/registry/artifact.ts'
import { ChainReader } from '../../oracle/registry/chainReader.ts'
import { roundCalls } from '../../oracle/registry/roundCalls.ts'
import { sendAll } from '../../oracle/registry/sendAll.ts'
import { hexOf, reportOf, startTestChain, type TestChain } from '../oracle/registry/testChain.ts'

/** Gas of one feed size, whole transactions, 3-of-5. */
export type GasRow = {
  readonly assets: number
  /** A round without exceptions, storage slots already used. */
  readonly roundGas: number
  /** Per asset when each gets its first entry of the map, chunks of 256. */
  readonly firstEntryGasPerAsset: number
  /** Per asset when entries that share slots change again. */
  readonly changedEntryGasPerAsset: number
  /** eth_estimateGas of proving one leaf, less the 21,000 of a transaction; calldata included. */
  readonly verifyLeafGas: number
  /** The same for reading one status from the map. */
  readonly statusGas: number
}

const INTRINSIC = 21_000

/**
 * Measures gas per round on anvil (hardfork osaka, transaction gas cap on) at 1, 100 and 10,000 assets. Throws
 * ORACLE_CHAIN_BINARY where anvil cannot run.
 */
export async function benchGas(): Promise<{ readonly config: string; readonly rows: readonly GasRow[] }> {
  await initKeccak()
  const rows: GasRow[] = []
  for (const assets of [1, 100, 10_000]) {
    const at = await startTestChain()
    try {
      rows.push(await measure(at, assets))
    } finally {
      await at.stop()
    }
  }
  return { config: '3-of-5', rows }
}

async function measure(at: TestChain, assets: number): Promise<GasRow> {
  const reader = new ChainReader(at.provider, { ...at.deployment, feedId: at.feedId })
  const leavesOf = (status: number, observedAt: number): Leaf[] =>
    Array.from({ length: assets }, (_, i) => ({
      feedId: at.feedId,
      tokenId: BigInt(i + 1),
      generation: 1,
      epoch: 1,
      observedAt,
      scoreBp: 9321,
      status,
      level: 3,
      confidenceBp: 8000,
      reasons: 0n,
      recoverableValueCents: 2_500_000n,
      triggers: 0,
      inputRoot: hexOf(`input ${i}`),
    }))
  const call = (what: string, data: Hex) => ({
    what,
    to: at.deployment.healthOracle,
    data,
    gasLimit: 16_000_000n,
  })

  const post = async (leaves: readonly Leaf[], before: readonly Leaf[]) => {
    await at.provider.send('evm_increaseTime', [5])
    await at.provider.send('evm_mine', [])
    const view = await reader.read(await at.provider.getBlockNumber())
    const tree = merkleTree(leaves.map(leafHash))
    const exceptions = packExceptions(
      exceptionsAgainst(new Map(before.map((leaf) => [leaf.tokenId, leaf])), leaves),
    )
    const { report, quorum } = reportOf(at, view, Math.floor(view.block.timestamp / 5), {
      root: toHex0x(tree.root),
      leafCount: leaves.length,
      exceptionsHash: exceptions.hash,
    })
    const job = roundCalls({ report, quorum, exceptions })
    const [posted] = await sendAll(at.provider, at.deployerKey, [call('postRound', job.post)])
    let chunkGas = 0
    for (const chunk of job.chunks) {
      const [receipt] = await sendAll(at.provider, at.deployerKey, [call('applyExceptions', chunk)])
      chunkGas += Number(receipt?.gasUsed)
    }
    return { tree, roundGas: Number(posted?.gasUsed), chunkGas }
  }

  const healthy = leavesOf(1, 1_800_000_000)
  const degraded = leavesOf(2, 1_800_000_005)
  const still = leavesOf(2, 1_800_000_010)
  const first = await post(healthy, [])
  const changed = await post(degraded, healthy)
  const steady = await post(still, degraded)
  const leaf = still[0] as Leaf
  const abi = loadArtifact('HealthOracle').interface
  const read = async (name: string, args: readonly unknown[]) => {
    const data = abi.encodeFunctionData(name, args)
    return Number(await at.provider.estimateGas({ to: at.deployment.healthOracle, data })) - INTRINSIC
  }
  return {
    assets,
    roundGas: steady.roundGas,
    firstEntryGasPerAsset: Math.round(first.chunkGas / assets),
    changedEntryGasPerAsset: Math.round(changed.chunkGas / assets),
    verifyLeafGas: await read('verifyLeaf', [Object.values(leaf), steady.tree.proof(leafHash(leaf))]),
    statusGas: await read('statusOf', [at.feedId, 1, 1]),
  }
}
