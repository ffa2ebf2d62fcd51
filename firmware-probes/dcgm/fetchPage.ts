import { AssayError } from '#protocol/assayError'
import { probeError } from '../probeErrors.ts'

const MOST_BYTES = 16 * 1024 * 1024

/**
 * Fetches one page of metrics. @throws AssayError AGENT_PROBE_HTTP, AGENT_PROBE_TIMEOUT or AGENT_PROBE_LIMIT
 */
export async function fetchPage(url: string, timeoutMs: number): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' })
    if (!response.ok || response.body === null)
      throw probeError('AGENT_PROBE_HTTP', { url, status: response.status })
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body) {
      bytes += chunk.byteLength
      if (bytes > MOST_BYTES) throw probeError('AGENT_PROBE_LIMIT', { url, most: MOST_BYTES })
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  } catch (cause) {
    if (cause instanceof AssayError) throw cause
    if ((cause as Error).name === 'TimeoutError')
      throw probeError('AGENT_PROBE_TIMEOUT', { url, waitedMs: timeoutMs })
    const inner = (cause as { cause?: { message?: string } }).cause?.message
    throw probeError('AGENT_PROBE_HTTP', { url, found: inner ?? (cause as Error).message }, cause)
  }
}
