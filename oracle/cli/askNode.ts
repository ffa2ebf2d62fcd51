import { oracleError } from '../oracleErrors.ts'

/**
 * Asks a node's HTTP API.
 * @throws AssayError ORACLE_NODE_URL with what the node or the network said
 */
export async function askNode(node: string, path: string): Promise<Response> {
  const url = `${node.replace(/\/$/, '')}${path}`
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(15_000) })
  } catch (cause) {
    throw oracleError('ORACLE_NODE_URL', { url, found: (cause as Error).message }, cause)
  }
  if (!response.ok) {
    const answer = (await response.json().catch(() => ({}))) as { message?: string }
    throw oracleError('ORACLE_NODE_URL', { url, found: answer.message ?? `HTTP ${response.status}` })
  }
  return response
}
