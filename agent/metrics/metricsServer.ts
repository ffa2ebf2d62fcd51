import { rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { agentError } from '../agentErrors.ts'

/** Whether the agent does its work; each part is true or says what is wrong. */
export type Health = { readonly isHealthy: boolean; readonly parts: Readonly<Record<string, true | string>> }

/** What is served. */
export type MetricsServerParts = {
  /** `off`, `127.0.0.1:PORT`, `[::1]:PORT`, `localhost:PORT` or `unix:PATH`. */
  readonly listen: string
  readonly metrics: () => Promise<string>
  readonly contentType: string
  readonly health: () => Health
}

/** `GET /metrics` and `GET /healthz` on loopback or a unix socket. */
export type MetricsServer = {
  /** Answers where it listens, null for `off`. @throws AssayError AGENT_METRICS_LISTEN */
  start(): Promise<string | null>
  stop(): Promise<void>
}

/** A server that does not listen yet. */
export function createMetricsServer(parts: MetricsServerParts): MetricsServer {
  let server: Server | undefined

  async function body(path: string): Promise<{ status: number; type: string; text: string }> {
    if (path === '/metrics') return { status: 200, type: parts.contentType, text: await parts.metrics() }
    if (path !== '/healthz')
      return { status: 404, type: 'text/plain', text: 'GET /metrics or GET /healthz\n' }
    const health = parts.health()
    const text = `${JSON.stringify({ ok: health.isHealthy, ...health.parts })}\n`
    return { status: health.isHealthy ? 200 : 503, type: 'application/json', text }
  }

  return {
    async start() {
      if (parts.listen === 'off') return null
      const opened = createServer((request, response) => {
        const isRead = request.method === 'GET' || request.method === 'HEAD'
        const answer = isRead
          ? body((request.url ?? '/').split('?')[0] ?? '/')
          : Promise.resolve({ status: 405, type: 'text/plain', text: 'GET only\n' })
        answer
          .catch((error: Error) => ({ status: 500, type: 'text/plain', text: `${error.message}\n` }))
          .then(({ status, type, text }) => response.writeHead(status, { 'content-type': type }).end(text))
      })
      opened.requestTimeout = 5000
      opened.maxConnections = 16
      const where = target(parts.listen)
      try {
        if ('path' in where) await rm(where.path, { force: true })
        await new Promise<void>((resolve, reject) => {
          opened.once('error', reject)
          opened.listen(where, resolve)
        })
      } catch (cause) {
        const found = (cause as NodeJS.ErrnoException).code
        throw agentError('AGENT_METRICS_LISTEN', { listen: parts.listen, found }, cause)
      }
      server = opened
      const address = opened.address()
      if (address === null || typeof address === 'string') return parts.listen
      return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
    },
    async stop() {
      const closing = server
      server = undefined
      if (!closing) return
      closing.closeAllConnections()
      await new Promise<void>((resolve) => closing.close(() => resolve()))
    },
  }
}

function target(listen: string): { path: string } | { host: string; port: number } {
  if (listen.startsWith('unix:')) return { path: listen.slice(5) }
  const colon = listen.lastIndexOf(':')
  return {
    host: listen
      .slice(0, colon)
      .replace(/^\[|\]$/g, '')
      .replace('localhost', '127.0.0.1'),
    port: Number(listen.slice(colon + 1)),
  }
}
