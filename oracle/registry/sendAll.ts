import { type JsonRpcProvider, SigningKey, type TransactionReceipt, Wallet } from 'ethers'
import { oracleError } from '../oracleErrors.ts'
import { asRevert } from './revert.ts'

/** A transaction as a caller describes it; without `to` it creates a contract. */
export type Call = {
  readonly what: string
  readonly to?: string
  readonly data: string
  readonly gasLimit: bigint
}

const POLL_MS = 100

/**
 * Sends transactions of one account with consecutive nonces, so that they can share a block, and waits for every
 * receipt. For set-up work by an operator: rounds go through the transmitter. Throws ORACLE_TRANSMITTER_EMPTY when
 * the account cannot pay and ORACLE_CHAIN_REVERT naming the first call that was refused.
 */
export async function sendAll(
  provider: JsonRpcProvider,
  key: Uint8Array,
  calls: readonly Call[],
): Promise<TransactionReceipt[]> {
  const wallet = new Wallet(new SigningKey(key), provider)
  const [nonce, fees, network, balance] = await Promise.all([
    provider.getTransactionCount(wallet.address, 'pending'),
    provider.getFeeData(),
    provider.getNetwork(),
    provider.getBalance(wallet.address),
  ])
  const maxFeePerGas = fees.maxFeePerGas ?? fees.gasPrice ?? 0n
  const needed = calls.reduce((sum, call) => sum + call.gasLimit, 0n) * maxFeePerGas
  if (balance < needed) {
    throw oracleError('ORACLE_TRANSMITTER_EMPTY', { account: wallet.address, found: balance, wanted: needed })
  }
  const hashes: string[] = []
  for (const [i, call] of calls.entries()) {
    const raw = await wallet.signTransaction({
      ...(call.to === undefined ? {} : { to: call.to }),
      data: call.data,
      gasLimit: call.gasLimit,
      nonce: nonce + i,
      chainId: network.chainId,
      type: 2,
      maxFeePerGas,
      maxPriorityFeePerGas: fees.maxPriorityFeePerGas ?? 0n,
    })
    hashes.push((await provider.broadcastTransaction(raw)).hash)
  }
  const receipts: TransactionReceipt[] = []
  for (const [i, hash] of hashes.entries()) {
    const receipt = await receiptOf(provider, hash)
    const call = calls[i] as Call
    if (receipt.status !== 1) throw await refusal(provider, wallet.address, call, receipt)
    receipts.push(receipt)
  }
  return receipts
}

async function receiptOf(provider: JsonRpcProvider, hash: string): Promise<TransactionReceipt> {
  for (;;) {
    const receipt = await provider.getTransactionReceipt(hash)
    if (receipt) return receipt
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Asks the same call again at the parent block, because a receipt does not say why. */
async function refusal(
  provider: JsonRpcProvider,
  from: string,
  call: Call,
  receipt: TransactionReceipt,
): Promise<Error> {
  const plain = oracleError('ORACLE_CHAIN_REVERT', { action: call.what, transaction: receipt.hash })
  if (call.to === undefined) return plain
  try {
    await provider.call({ from, to: call.to, data: call.data, blockTag: receipt.blockNumber })
    return plain
  } catch (error) {
    return asRevert(call.what, error) ?? plain
  }
}
