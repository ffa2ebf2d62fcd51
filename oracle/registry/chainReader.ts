import type { Block, JsonRpcProvider } from 'ethers'
import type { ChainView, Hex } from '#protocol/wire/chainView'
import { oracleError } from '../oracleErrors.ts'
import { type ChainState, chainFold, emptyChainState } from './chainState.ts'
import type { Deployment } from './deploy.ts'

export type ChainReaderOptions = Deployment & {
  readonly feedId: Hex
  /** Blocks per eth_getLogs request; public providers allow few. Default 2000. */
  readonly logRange?: number
}

/**
 * Reads chain views from contract events. Keeps what it folded, so that each later block costs one request for its
 * logs, and folds again from the first block when the block it stands on has left the chain.
 */
export class ChainReader {
  readonly #provider: JsonRpcProvider
  readonly #options: ChainReaderOptions
  #state: ChainState | undefined
  #tip: { readonly number: number; readonly hash: string } | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(provider: JsonRpcProvider, options: ChainReaderOptions) {
    this.#provider = provider
    this.#options = options
  }

  /**
   * The chain view at a block that counts as final. Two nodes that read the same block hash get the same view.
   * Throws ORACLE_CHAIN_CONTRACT where there is no contract, ORACLE_CHAIN_CONFIG when no config is valid there, ORACLE_CHAIN_REORG when the block changes while it is
   * read, ORACLE_CHAIN_UNREACHABLE when the chain does not answer.
   */
  read(blockNumber: number): Promise<ChainView> {
    const result = this.#turn.then(() => this.#readNow(blockNumber))
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #readNow(blockNumber: number): Promise<ChainView> {
    const block = await this.#block(blockNumber)
    const state = await this.#advance(block)
    const after = await this.#block(blockNumber)
    if (after.hash !== block.hash) {
      this.#forget()
      throw oracleError('ORACLE_CHAIN_REORG', { block: blockNumber, found: after.hash, wanted: block.hash })
    }
    if (state.configs.size === 0) await this.#requireContract()
    return this.#view(state, block)
  }

  async #requireContract(): Promise<void> {
    const { healthOracle } = this.#options
    const code = await this.#ask(() => this.#provider.getCode(healthOracle))
    if (code === '0x')
      throw oracleError('ORACLE_CHAIN_CONTRACT', { HealthOracle: healthOracle, found: 'no code' })
  }

  async #advance(block: Block): Promise<ChainState> {
    const tip = this.#tip
    if (tip && (tip.number > block.number || (await this.#block(tip.number)).hash !== tip.hash))
      this.#forget()
    const state = this.#state ?? emptyChainState()
    const fold = chainFold(this.#options.feedId)
    const range = this.#options.logRange ?? 2000
    const first = this.#tip ? this.#tip.number + 1 : this.#options.fromBlock
    // Until the fold is whole there is no state to stand on: a failed request must not leave half of one.
    this.#forget()
    for (let from = first; from <= block.number; from += range) {
      const logs = await this.#ask(() =>
        this.#provider.getLogs({
          address: [this.#options.healthOracle, this.#options.registry],
          fromBlock: from,
          toBlock: Math.min(from + range - 1, block.number),
        }),
      )
      for (const log of logs) fold(state, log)
    }
    this.#state = state
    this.#tip = { number: block.number, hash: block.hash as string }
    return state
  }

  #view(state: ChainState, block: Block): ChainView {
    const { feedId, chainId, healthOracle, registry } = this.#options
    const valid = [...state.configs.values()].filter(
      (config) => config.validFrom <= block.timestamp && block.timestamp < config.validTo,
    )
    const newest = valid.sort((a, b) => b.configId - a.configId)[0]
    if (!newest) {
      throw oracleError('ORACLE_CHAIN_CONFIG', { feedId, block: block.number, known: state.configs.size })
    }
    const { methodologyHash, validFrom: _from, validTo: _to, ...config } = newest
    const byToken = (a: { tokenId: bigint }, b: { tokenId: bigint }) => (a.tokenId < b.tokenId ? -1 : 1)
    return {
      feedId,
      chainId,
      healthOracle,
      registry,
      block: { number: block.number, hash: block.hash as Hex, timestamp: block.timestamp },
      config,
      methodologyHash,
      tokens: [...state.tokens.values()].sort(byToken),
      retired: [...state.retired.values()].sort(byToken),
      parent: state.parent,
    }
  }

  async #block(number: number): Promise<Block> {
    const block = await this.#ask(() => this.#provider.getBlock(number))
    if (!block) throw oracleError('ORACLE_CHAIN_REORG', { block: number, found: 'no such block' })
    return block
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      throw oracleError('ORACLE_CHAIN_UNREACHABLE', { found: (error as Error).message.slice(0, 120) }, error)
    }
  }

  #forget(): void {
    this.#state = undefined
    this.#tip = undefined
  }
}
