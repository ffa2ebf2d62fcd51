import type { JsonRpcProvider } from 'ethers'

/** EIP-1559 fees in wei per gas. */
export type Fees = { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }

/** What the chain asks for now, at most `cap`. */
export async function suggestedFees(provider: JsonRpcProvider, cap: bigint): Promise<Fees> {
  const data = await provider.getFeeData()
  return capped(data.maxFeePerGas ?? data.gasPrice ?? 0n, data.maxPriorityFeePerGas ?? 0n, cap)
}

/**
 * Fees of a replacement: both at least an eighth more than before, since nodes refuse less than a tenth, or what the
 * chain asks for if that is more. Null when the cap leaves no room for that.
 */
export function bumpFees(before: Fees, suggested: Fees, cap: bigint): Fees | null {
  const raise = (old: bigint, asked: bigint) => {
    const eighth = old + (old + 7n) / 8n
    return asked > eighth ? asked : eighth
  }
  const maxFeePerGas = raise(before.maxFeePerGas, suggested.maxFeePerGas)
  const priority = raise(before.maxPriorityFeePerGas, suggested.maxPriorityFeePerGas)
  if (maxFeePerGas > cap && before.maxFeePerGas * 9n > cap * 8n) return null
  return capped(maxFeePerGas, priority, cap)
}

function capped(maxFee: bigint, priority: bigint, cap: bigint): Fees {
  const maxFeePerGas = maxFee < cap ? maxFee : cap
  return { maxFeePerGas, maxPriorityFeePerGas: priority < maxFeePerGas ? priority : maxFeePerGas }
}
