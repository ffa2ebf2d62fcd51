import type { Block, JsonRpcProvider } from 'ethers'
import type { EpochRef, Hex } from '#protocol/wire/chainView'
import { epochId } from '#protocol/wire/epochId'
import { oracleError } from '../oracleErrors.ts'

/** When a block counts as final: by the chain's own word, or `depth` blocks below the head. */
export type Finality = 'finalized' | { readonly depth: number }

/** An epoch that exists, with its anchor: its first block, final (PROTOCOL §2). */
export type EpochAnchor = EpochRef & {
  readonly block: { readonly number: number; readonly hash: Hex; readonly timestamp: number }
}

export type EpochClockOptions = {
  readonly feedId: Hex
  readonly epochLengthS: number
  readonly finality: Finality
}

type Anchored = { readonly number: number; readonly hash: Hex; readonly timestamp: number }

/** Finds the epochs of a feed on its chain. Asks the chain when it is asked; runs nothing by itself. */
export class EpochClock {
  readonly #provider: JsonRpcProvider
  readonly #options: EpochClockOptions

  constructor(provider: JsonRpcProvider, options: EpochClockOptions) {
    this.#provider = provider
    this.#options = options
  }

  /**
   * The first existing epoch after `previous`, or of the whole chain when null; null while its anchor is not final.
   * Calling it again with its own result walks all epochs. Throws ORACLE_CHAIN_REORG when the anchor of `previous` is
   * no longer on the chain, ORACLE_CHAIN_UNREACHABLE when the chain does not answer.
   */
  async next(previous: EpochAnchor | null): Promise<EpochAnchor | null> {
    const final = await this.#final()
    if (!final) return null
    if (previous === null) return this.#firstFrom(0, await this.#block(0), final)
    const still = await this.#block(previous.block.number)
    if (still.hash !== previous.block.hash) {
      throw oracleError('ORACLE_CHAIN_REORG', {
        epoch: previous.n,
        block: previous.block.number,
        found: still.hash,
        wanted: previous.block.hash,
      })
    }
    return this.#firstFrom((previous.n + 1) * this.#options.epochLengthS, still, final)
  }

  /** The newest epoch whose anchor is final: where a node that starts anew begins. Null before the first. */
  async latest(): Promise<EpochAnchor | null> {
    const final = await this.#final()
    if (!final) return null
    const start = this.#start(final.timestamp)
    return this.#firstFrom(start, await this.#block(0), final)
  }

  /** Epoch `n`, or null when it does not exist or its anchor is not final yet. */
  async epoch(n: number): Promise<EpochAnchor | null> {
    const final = await this.#final()
    if (!final) return null
    const found = await this.#firstFrom(n * this.#options.epochLengthS, await this.#block(0), final)
    return found?.n === n ? found : null
  }

  /** First block at or after `time` that is not above `final`; `below` is a block that is not after it. */
  async #firstFrom(time: number, below: Anchored, final: Anchored): Promise<EpochAnchor | null> {
    if (final.timestamp < time) return null
    if (below.timestamp >= time) return this.#anchor(below)
    let low = below
    let high = final
    while (high.number - low.number > 1) {
      const middle = await this.#block((low.number + high.number) >> 1)
      if (middle.timestamp >= time) high = middle
      else low = middle
    }
    return this.#anchor(high)
  }

  #anchor(block: Anchored): EpochAnchor {
    const { feedId, epochLengthS } = this.#options
    const n = Math.floor(block.timestamp / epochLengthS)
    return { n, epochId: epochId(feedId, n, block.hash), startS: n * epochLengthS, block }
  }

  #start(timestamp: number): number {
    return Math.floor(timestamp / this.#options.epochLengthS) * this.#options.epochLengthS
  }

  async #final(): Promise<Anchored | null> {
    const { finality } = this.#options
    if (finality === 'finalized') return this.#asAnchored(await this.#ask('finalized'))
    const head = await this.#ask('latest')
    if (!head || head.number < finality.depth) return null
    return this.#asAnchored(finality.depth === 0 ? head : await this.#ask(head.number - finality.depth))
  }

  async #block(number: number): Promise<Anchored> {
    const block = this.#asAnchored(await this.#ask(number))
    if (!block) throw oracleError('ORACLE_CHAIN_REORG', { block: number, found: 'no such block' })
    return block
  }

  #asAnchored(block: Block | null): Anchored | null {
    return block && { number: block.number, hash: block.hash as Hex, timestamp: block.timestamp }
  }

  async #ask(tag: number | 'latest' | 'finalized'): Promise<Block | null> {
    try {
      return await this.#provider.getBlock(tag)
    } catch (error) {
      throw oracleError('ORACLE_CHAIN_UNREACHABLE', { found: (error as Error).message.slice(0, 120) }, error)
    }
  }
}
