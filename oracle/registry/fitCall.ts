import type { JsonRpcProvider } from 'ethers'
import type { AssayError } from '#protocol/assayError'
import type { Hex } from '#protocol/wire/chainView'
import { loadArtifact } from './artifact.ts'
import { asRevert } from './revert.ts'
import type { TransmitJob } from './transmitJournal.ts'

/** The part of HealthOracle's head that a transmitter decides on; round -1 before the first. */
export type Head = {
  readonly round: number
  readonly root: Hex
  readonly chunksApplied: number
  readonly complete: boolean
}

/** One transaction that brings a job on; `posts` when it carries the report. */
export type FittedCall = { readonly data: string; readonly gasLimit: bigint; readonly posts: boolean }

type Target = { readonly provider: JsonRpcProvider; readonly healthOracle: Hex; readonly feedId: Hex }

/** Well below the cap of EIP-7825 (2^24 gas per transaction). */
const GAS_GOAL = 12_000_000n
const GAS_CAP = 16_777_216n
const MOST_CHUNKS = 8

/** The latest round of the feed, as of now. Throws the provider's error. */
export async function readHead({ provider, healthOracle, feedId }: Target): Promise<Head> {
  const abi = loadArtifact('HealthOracle').interface
  const data = abi.encodeFunctionData('latestRound', [feedId])
  const [head, root] = abi.decodeFunctionResult(
    'latestRound',
    await provider.call({ to: healthOracle, data }),
  )
  return {
    round: head.validUntil === 0n ? -1 : Number(head.round),
    root,
    chunksApplied: Number(head.chunksApplied),
    complete: head.complete,
  }
}

/**
 * Puts as much of the job's rest into one call as its gas allows, after simulating it. Returns the contract's refusal
 * as ORACLE_CHAIN_REVERT; throws the provider's error when the chain cannot be asked.
 */
export async function fitCall(
  target: Target,
  from: Hex,
  job: TransmitJob,
  head: Head,
): Promise<FittedCall | { readonly error: AssayError }> {
  const posts = head.round < job.round
  const rest = posts ? [job.post, ...job.chunks] : job.chunks.slice(head.chunksApplied)
  const abi = loadArtifact('HealthOracle').interface
  for (let count = Math.min(rest.length, MOST_CHUNKS); ; count = count >> 1) {
    const parts = rest.slice(0, count)
    const data = parts.length === 1 ? (parts[0] as Hex) : abi.encodeFunctionData('multicall', [parts])
    try {
      const gas = await target.provider.estimateGas({ from, to: target.healthOracle, data })
      if (gas > GAS_GOAL && count > 1) continue
      const limit = (gas * 6n) / 5n
      return { data, posts, gasLimit: limit < GAS_CAP ? limit : GAS_CAP }
    } catch (error) {
      const refusal = asRevert(`round ${job.round}`, error)
      if (refusal) return { error: refusal }
      if (count === 1) throw error
    }
  }
}
