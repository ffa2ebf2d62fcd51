import { setTimeout as sleep } from 'node:timers/promises'
import {
  computeAddress,
  type JsonRpcProvider,
  SigningKey,
  Transaction,
  type TransactionReceipt,
} from 'ethers'
import { AssayError } from '#protocol/assayError'
import type { Hex } from '#protocol/wire/chainView'
import { oracleError } from '../oracleErrors.ts'
import { broadcast } from './broadcast.ts'
import { bumpFees, type Fees, suggestedFees } from './fees.ts'
import type { SentRow, TransmitJournal } from './transmitJournal.ts'

export type NonceLaneOptions = {
  readonly provider: JsonRpcProvider
  readonly chainId: number
  /** secp256k1 secret of an account that nothing else uses. */
  readonly key: Uint8Array
  readonly journal: TransmitJournal
  readonly confirmations: number
  readonly bumpAfterBlocks: number
  readonly maxFeePerGas: bigint
  readonly pollMs: number
  readonly signal: AbortSignal
  readonly onProblem: (error: AssayError) => void
}

/** What a call costs at most and where it goes. */
export type LaneCall = {
  readonly round: number
  readonly to: Hex
  readonly data: string
  readonly gasLimit: bigint
}

/**
 * One account's nonces, one in flight. A nonce that was journaled stays in flight until the chain shows it used:
 * silence, timeouts and restarts never free it.
 */
export class NonceLane {
  readonly address: Hex
  readonly #options: NonceLaneOptions
  readonly #key: SigningKey
  #problem: string | undefined

  constructor(options: NonceLaneOptions) {
    this.#options = options
    this.#key = new SigningKey(options.key)
    this.address = computeAddress(this.#key).toLowerCase() as Hex
  }

  /**
   * Signs, journals, broadcasts and follows one transaction. Returns its confirmed receipt; null when its nonce went
   * to a transaction that is not ours; 'empty' when the account cannot pay, before a nonce is taken. Throws the
   * provider's error when the chain cannot be asked before a nonce is taken, AbortError when the lane stops.
   */
  async send(call: LaneCall): Promise<TransactionReceipt | null | 'empty'> {
    const { provider, chainId, maxFeePerGas: cap, journal } = this.#options
    const [nonce, balance, fees] = await Promise.all([
      provider.getTransactionCount(this.address, 'latest'),
      provider.getBalance(this.address),
      suggestedFees(provider, cap),
    ])
    const wanted = call.gasLimit * fees.maxFeePerGas
    if (balance < wanted) {
      this.tell(oracleError('ORACLE_TRANSMITTER_EMPTY', { account: this.address, found: balance, wanted }))
      return 'empty'
    }
    const { to, data, gasLimit } = call
    journal.sent(
      this.#sign(call.round, Transaction.from({ type: 2, chainId, nonce, to, data, gasLimit }), fees),
    )
    return this.settle()
  }

  /** Follows the nonce in flight to its end, also after a restart. Null when none is, or when it went to another. */
  async settle(): Promise<TransactionReceipt | null> {
    let mustBroadcast = true
    let since: number | undefined
    while (this.#options.journal.open.length > 0) {
      try {
        const { provider } = this.#options
        const used = await this.#used()
        if (used) return used.receipt
        const head = await provider.getBlockNumber()
        // Mined but not deep enough yet: only a reorganisation could want it again.
        if ((await provider.getTransactionCount(this.address, 'latest')) > this.#newest().nonce) since = head
        since ??= head
        if (head - since >= this.#options.bumpAfterBlocks) {
          mustBroadcast = (await this.#bump()) || mustBroadcast
          since = head
        }
        if (mustBroadcast || !(await this.#known())) mustBroadcast = !(await this.#broadcast())
      } catch (error) {
        this.#tellFailure(error)
      }
      await this.pause()
    }
    return null
  }

  /** Waits one poll interval. Throws AbortError when the lane stops. */
  async pause(): Promise<void> {
    await sleep(this.#options.pollMs, undefined, { signal: this.#options.signal })
  }

  /** Reports a problem once, until another one or none follows. */
  tell(error: AssayError): void {
    if (this.#problem === error.code) return
    this.#problem = error.code
    this.#options.onProblem(error)
  }

  #tellFailure(error: unknown): void {
    if (error instanceof AssayError) this.tell(error)
    else
      this.tell(
        oracleError('ORACLE_CHAIN_UNREACHABLE', { found: (error as Error).message.slice(0, 160) }, error),
      )
  }

  /** Whether the nonce is used for good, and by which of our transactions. */
  async #used(): Promise<{ receipt: TransactionReceipt | null } | undefined> {
    const { provider, journal, confirmations } = this.#options
    const { nonce } = this.#newest()
    const head = await provider.getBlockNumber()
    const settledAt = Math.max(0, head - confirmations)
    if ((await provider.getTransactionCount(this.address, settledAt)) <= nonce) return undefined
    for (const row of journal.open) {
      const receipt = await provider.getTransactionReceipt(row.hash)
      if (!receipt) continue
      const block = await provider.getBlock(receipt.blockNumber)
      if (block?.hash !== receipt.blockHash || receipt.blockNumber > settledAt) return undefined
      journal.settled(nonce, row.hash)
      this.#problem = undefined
      return { receipt }
    }
    this.tell(oracleError('ORACLE_TRANSMITTER_NONCE', { account: this.address, nonce }))
    journal.settled(nonce, null)
    return { receipt: null }
  }

  async #known(): Promise<boolean> {
    return (await this.#options.provider.getTransaction(this.#newest().hash)) !== null
  }

  /** True when the chain has the newest transaction, or no longer needs it. */
  async #broadcast(): Promise<boolean> {
    const answer = await broadcast(this.#options.provider, this.#newest().raw)
    if (answer === 'empty') this.tell(oracleError('ORACLE_TRANSMITTER_EMPTY', { account: this.address }))
    else if (answer === 'underpriced') await this.#bump()
    else return true
    return false
  }

  /** Journals a replacement with higher fees; false at the cap. */
  async #bump(): Promise<boolean> {
    const newest = this.#newest()
    const { provider, maxFeePerGas: cap, journal } = this.#options
    const before = {
      maxFeePerGas: BigInt(newest.maxFeePerGas),
      maxPriorityFeePerGas: BigInt(newest.maxPriorityFeePerGas),
    }
    const fees = bumpFees(before, await suggestedFees(provider, cap), cap)
    if (!fees) {
      this.tell(
        oracleError('ORACLE_TRANSMITTER_STUCK', { nonce: newest.nonce, fee: before.maxFeePerGas, cap }),
      )
      return false
    }
    journal.sent(this.#sign(newest.round, Transaction.from(newest.raw), fees))
    return true
  }

  #sign(round: number, like: Transaction, fees: Fees): SentRow {
    const transaction = Transaction.from({
      type: 2,
      chainId: like.chainId,
      nonce: like.nonce,
      to: like.to,
      data: like.data,
      gasLimit: like.gasLimit,
      ...fees,
    })
    transaction.signature = this.#key.sign(transaction.unsignedHash)
    return {
      round,
      nonce: transaction.nonce,
      hash: transaction.hash as Hex,
      raw: transaction.serialized as Hex,
      maxFeePerGas: String(fees.maxFeePerGas),
      maxPriorityFeePerGas: String(fees.maxPriorityFeePerGas),
    }
  }

  #newest(): SentRow {
    return this.#options.journal.open.at(-1) as SentRow
  }
}
