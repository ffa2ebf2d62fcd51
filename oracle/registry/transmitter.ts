import type { JsonRpcProvider } from 'ethers'
import { AssayError } from '#protocol/assayError'
import type { Hex } from '#protocol/wire/chainView'
import { oracleError } from '../oracleErrors.ts'
import { fitCall, type Head, readHead } from './fitCall.ts'
import { NonceLane } from './nonceLane.ts'
import { roundCalls, type SignedRound } from './roundCalls.ts'
import { type TransmitJob, TransmitJournal } from './transmitJournal.ts'

export type TransmitterOptions = {
  readonly provider: JsonRpcProvider
  readonly chainId: number
  readonly healthOracle: Hex
  readonly feedId: Hex
  /** secp256k1 secret of an account that nothing else uses. */
  readonly key: Uint8Array
  readonly journalFile: string
  /** Blocks on top of a receipt before it counts. Default 1. */
  readonly confirmations?: number
  /** Blocks without inclusion before the fee is raised by an eighth. Default 3. */
  readonly bumpAfterBlocks?: number
  /** Wei per gas above which the fee is not raised. Default 500 gwei. */
  readonly maxFeePerGas?: bigint
  /** Default 500. */
  readonly pollMs?: number
  /** What the operator must see: empty account, stuck fee, chain that does not answer. Told once until it changes. */
  readonly onProblem: (error: AssayError) => void
}

/** How the transmission of a round ended. */
export type Transmission =
  /** Posted by this transmitter; `transaction` is the one with the report. */
  | {
      readonly outcome: 'mine'
      readonly transaction: Hex
      readonly blockNumber: number
      readonly gasUsed: bigint
    }
  /** On chain and complete, by another transmitter or an earlier run of this one. */
  | { readonly outcome: 'other' }
  /** A newer round, or another report of this one, is on chain or was submitted here meanwhile. */
  | { readonly outcome: 'superseded' }
  /** The contract would revert; nothing was sent. */
  | { readonly outcome: 'refused'; readonly error: AssayError }
  | { readonly outcome: 'stopped' }

type Mine = Extract<Transmission, { outcome: 'mine' }>

/** Transactions of one round that may fail on chain although they were simulated before. */
const MAX_REVERTED = 3

/**
 * Puts signed rounds and their exception chunks on chain from one account. Looks at the chain before every
 * transaction, so racing transmitters and restarts do no harm; journals before it broadcasts.
 */
export class Transmitter {
  readonly #options: TransmitterOptions
  readonly #journal: TransmitJournal
  readonly #stopping = new AbortController()
  readonly #lane: NonceLane
  #wanted: TransmitJob | undefined
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: TransmitterOptions) {
    this.#options = options
    this.#journal = new TransmitJournal(options.journalFile)
    this.#lane = new NonceLane({
      provider: options.provider,
      chainId: options.chainId,
      key: options.key,
      journal: this.#journal,
      confirmations: options.confirmations ?? 1,
      bumpAfterBlocks: options.bumpAfterBlocks ?? 3,
      maxFeePerGas: options.maxFeePerGas ?? 500_000_000_000n,
      pollMs: options.pollMs ?? 500,
      signal: this.#stopping.signal,
      onProblem: options.onProblem,
    })
  }

  /** The account that pays. */
  get address(): Hex {
    return this.#lane.address
  }

  /**
   * Reads the journal and goes on, in the background, with what it left open. Throws ORACLE_CHAIN_ID for another chain
   * than configured, ORACLE_CHAIN_CONTRACT where there is no contract, ORACLE_CHAIN_UNREACHABLE and
   * ORACLE_TRANSMITTER_JOURNAL.
   */
  async start(): Promise<void> {
    const { provider, chainId, healthOracle } = this.#options
    let found: number
    let code: string
    try {
      found = Number(await provider.send('eth_chainId', []))
      code = await provider.getCode(healthOracle)
    } catch (error) {
      throw oracleError('ORACLE_CHAIN_UNREACHABLE', { found: (error as Error).message.slice(0, 160) }, error)
    }
    if (found !== chainId) throw oracleError('ORACLE_CHAIN_ID', { found, wanted: chainId })
    if (code === '0x')
      throw oracleError('ORACLE_CHAIN_CONTRACT', { HealthOracle: healthOracle, found: 'no code' })
    this.#journal.start()
    this.#wanted = this.#journal.job
    this.#tail = this.#enqueue(this.#journal.job)
  }

  /** Ends the waiting; what is in flight stays in the journal and goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#tail
    this.#journal.stop()
  }

  /** Transmits a round, after what was submitted before; a later one replaces one that is not on chain yet. */
  submit(round: SignedRound): Promise<Transmission> {
    const job = roundCalls(round)
    this.#wanted = job
    const result = this.#enqueue(job)
    this.#tail = result
    return result
  }

  async #enqueue(job: TransmitJob | undefined): Promise<Transmission> {
    await this.#tail
    try {
      this.#stopping.signal.throwIfAborted()
      await this.#lane.settle()
      return job ? await this.#run(job) : { outcome: 'other' }
    } catch (error) {
      if (this.#stopping.signal.aborted) return { outcome: 'stopped' }
      throw error
    }
  }

  async #run(job: TransmitJob): Promise<Transmission> {
    let mine: Mine | undefined
    for (let reverted = 0; ; ) {
      this.#stopping.signal.throwIfAborted()
      try {
        if (this.#journal.job?.post !== job.post) this.#journal.begin(job)
        const head = await readHead(this.#options)
        const end = this.#ended(job, head, mine)
        if (end) return this.#close(job, end)
        const fit = await fitCall(this.#options, this.address, job, head)
        if ('error' in fit) {
          const now = await readHead(this.#options)
          if (now.round === head.round && now.chunksApplied === head.chunksApplied) {
            return this.#close(job, { outcome: 'refused', error: fit.error })
          }
          continue
        }
        const receipt = await this.#lane.send({ round: job.round, to: this.#options.healthOracle, ...fit })
        if (receipt === 'empty') await this.#lane.pause()
        else if (receipt?.status === 1 && fit.posts) {
          const { hash, blockNumber, gasUsed } = receipt
          mine = { outcome: 'mine', transaction: hash as Hex, blockNumber, gasUsed }
        } else if (receipt?.status === 0 && ++reverted === MAX_REVERTED) {
          const error = oracleError('ORACLE_CHAIN_REVERT', {
            action: `round ${job.round}`,
            transaction: receipt.hash,
          })
          return this.#close(job, { outcome: 'refused', error })
        }
      } catch (error) {
        this.#stopping.signal.throwIfAborted()
        this.#lane.tell(this.#coded(error))
        await this.#lane.pause()
      }
    }
  }

  #close(job: TransmitJob, end: Transmission): Transmission {
    this.#journal.end(job.round)
    return end
  }

  /** Whether nothing is left to do for the job. A round that is on chain is always completed first. */
  #ended(job: TransmitJob, head: Head, mine: Mine | undefined): Transmission | undefined {
    if (head.round > job.round) return mine ?? { outcome: 'superseded' }
    if (head.round < job.round) return this.#wanted === job ? undefined : { outcome: 'superseded' }
    if (head.root !== job.root) return { outcome: 'superseded' }
    return head.complete ? (mine ?? { outcome: 'other' }) : undefined
  }

  #coded(error: unknown): AssayError {
    if (error instanceof AssayError) return error
    return oracleError('ORACLE_CHAIN_UNREACHABLE', { found: (error as Error).message.slice(0, 160) }, error)
  }
}
