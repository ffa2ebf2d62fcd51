import { request as httpRequestOf, type IncomingMessage } from 'node:http'
import { request as httpsRequestOf } from 'node:https'

/** A request to an oracle node. */
export type HttpRequest = {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly timeoutMs: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Longer answers are refused. */
  readonly maxBytes?: number
}

/** What came back. */
export type HttpAnswer = { readonly status: number; readonly body: Uint8Array }

/**
 * One HTTP(S) request with a deadline over all of it. Redirects are not followed.
 * @throws Error of the socket, the deadline or the size limit
 */
export function httpRequest(given: HttpRequest): Promise<HttpAnswer> {
  const { maxBytes = 1024 * 1024 } = given
  const open = given.url.startsWith('https:') ? httpsRequestOf : httpRequestOf
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(given.timeoutMs)
    const sent = open(
      given.url,
      { method: given.method, headers: { connection: 'close', ...given.headers }, signal, agent: false },
      (answer) => collect(answer, maxBytes).then(resolve, reject),
    )
    sent.once('error', (error) =>
      reject(signal.aborted ? new Error(`no answer within ${given.timeoutMs} ms`) : error),
    )
    sent.end(given.body)
  })
}

async function collect(answer: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.length
    if (length > maxBytes) {
      answer.destroy()
      throw new Error(`answer longer than ${maxBytes} bytes`)
    }
    parts.push(part)
  }
  return { status: answer.statusCode ?? 0, body: new Uint8Array(Buffer.concat(parts)) }
}
