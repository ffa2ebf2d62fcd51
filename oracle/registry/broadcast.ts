import type { JsonRpcProvider } from 'ethers'

/** What a chain node made of a signed transaction. */
export type Broadcast = 'taken' | 'nonceUsed' | 'underpriced' | 'empty'

const ANSWERS: readonly (readonly [RegExp, Broadcast])[] = [
  [/already known|already imported|known transaction|alreadyknown/i, 'taken'],
  [/nonce too low|nonce.*(already|has).*used|old nonce|invalid nonce/i, 'nonceUsed'],
  [/underpriced|fee too low|max fee per gas less than|feecap.*less|replacement/i, 'underpriced'],
  [/insufficient funds|insufficient balance|doesn't have enough funds/i, 'empty'],
]

/**
 * Hands a signed transaction to the chain. A node that knows it already has taken it. Throws the node's own error when
 * it is none of the answers listed, so that the caller tries again: nothing is decided by a failure to reach it.
 */
export async function broadcast(provider: JsonRpcProvider, raw: string): Promise<Broadcast> {
  try {
    await provider.send('eth_sendRawTransaction', [raw])
    return 'taken'
  } catch (error) {
    const text = messages(error)
    const answer = ANSWERS.find(([pattern]) => pattern.test(text))
    if (answer) return answer[1]
    throw error
  }
}

function messages(error: unknown): string {
  const { message, error: inner, info } = error as { message?: string; error?: unknown; info?: unknown }
  return [message, inner && messages(inner), info && messages(info)].filter(Boolean).join(' ')
}
