import { oracleError } from '../oracleErrors.ts'

/**
 * One JSON-RPC call over HTTP without retries, for methods that an Ethereum library does not know. Throws
 * ORACLE_CHAIN_UNREACHABLE when no answer comes within `timeoutMs` and ORACLE_CHAIN_REVERT for an error answer.
 */
export async function rpcCall(
  url: string,
  method: string,
  params: readonly unknown[],
  timeoutMs = 10_000,
): Promise<unknown> {
  let answer: { result?: unknown; error?: { message?: string } }
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    answer = (await response.json()) as typeof answer
  } catch (error) {
    throw oracleError('ORACLE_CHAIN_UNREACHABLE', { url: new URL(url).host, method }, error)
  }
  if (answer.error) throw oracleError('ORACLE_CHAIN_REVERT', { method, found: answer.error.message })
  return answer.result
}
