import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { oracleError } from '../oracleErrors.ts'
import type { ApiLog } from './answerErrors.ts'
import type { ApiMetrics } from './apiMetrics.ts'
import { eventLog, type LoggedEvent } from './eventLog.ts'
import type { NodeEvent, NodeView } from './nodeView.ts'

const MOST_STREAMS = 256
const HEARTBEAT_MS = 15_000
/** An asset is sent at most once per this time: twice a second. */
const PACE_MS = 500
const REMEMBERED = 4096
/** A reader with more than this waiting in the socket does not keep up and is ended; it resumes by Last-Event-ID. */
const BACKLOG_BYTES = 4 * 1024 * 1024

/**
 * GET /api/v1/stream as Server-Sent Events (HTML Living Standard §9.2): `hello`, then `round`, `incident` and `asset`
 * as they happen, an asset at most twice a second; `beat` every 15 s says that the link lives; `reset` tells a reader who missed too much to load again.
 */
export function streamRoutes(app: FastifyInstance, view: NodeView, metrics: ApiMetrics, log: ApiLog): void {
  const open = new Set<ServerResponse>()
  const changed = new Set<string>()
  const events = eventLog(Date.now().toString(36), REMEMBERED)
  let unsubscribe: (() => void) | undefined
  let heartbeat: NodeJS.Timeout | undefined
  let pace: NodeJS.Timeout | undefined

  app.addHook('onReady', async () => {
    unsubscribe = view.subscribe(take)
    heartbeat = setInterval(() => broadcast(`event: beat\ndata: ${now()}\n\n`), HEARTBEAT_MS)
    heartbeat.unref()
  })
  app.addHook('preClose', async () => {
    unsubscribe?.()
    clearInterval(heartbeat)
    clearTimeout(pace)
    for (const response of open) response.end()
  })

  app.get('/api/v1/stream', (request, reply) => {
    if (open.size >= MOST_STREAMS) throw oracleError('ORACLE_API_BUSY', { open: open.size })
    const seen = request.headers['last-event-id']
    reply.hijack()
    const response = reply.raw
    response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    response.on('close', () => {
      open.delete(response)
      metrics.streams.set(open.size)
    })
    const missed = typeof seen === 'string' && seen !== '' ? events.after(seen) : []
    response.write(frame(events.newestId(), 'hello', now()))
    open.add(response)
    metrics.streams.set(open.size)
    void resume(response, missed)
  })

  function take(event: NodeEvent): void {
    if (event.kind === 'round') send(events.append('round', JSON.stringify(event.summary)))
    else if (event.kind === 'incident') send(events.append('incident', JSON.stringify(event.incident)))
    else {
      changed.add(event.assetId)
      pace ??= setTimeout(flush, PACE_MS)
    }
  }

  async function flush(): Promise<void> {
    const ids = [...changed]
    changed.clear()
    for (const assetId of ids) {
      const logged = events.appendAsset(assetId)
      const text = open.size > 0 ? await assetFrame(logged.id, assetId) : undefined
      if (text) broadcast(text)
    }
    pace = changed.size > 0 ? setTimeout(flush, PACE_MS) : undefined
  }

  function send(logged: LoggedEvent): void {
    if (logged.event !== 'asset') broadcast(frame(logged.id, logged.event, logged.data))
  }

  async function resume(response: ServerResponse, missed: readonly LoggedEvent[] | undefined): Promise<void> {
    if (!missed) {
      response.write(frame(events.newestId(), 'reset', '{}'))
      return
    }
    const assets = new Map<string, string>()
    for (const event of missed) {
      if (event.event === 'asset') assets.set(event.assetId, event.id)
      else response.write(frame(event.id, event.event, event.data))
    }
    for (const [assetId, id] of assets) {
      const text = await assetFrame(id, assetId)
      if (text && !response.writableEnded) response.write(text)
    }
  }

  async function assetFrame(id: string, assetId: string): Promise<string | undefined> {
    try {
      const asset = await view.asset(assetId)
      return asset && frame(id, 'asset', JSON.stringify(asset))
    } catch (error) {
      log({ error, route: 'GET /api/v1/stream' }, 'an asset could not be read for the event stream')
      return undefined
    }
  }

  function broadcast(text: string): void {
    for (const response of open) {
      response.write(text)
      if (response.writableLength <= BACKLOG_BYTES) continue
      metrics.streamDrops.inc()
      response.destroy()
    }
  }
}

function frame(id: string, event: string, data: string): string {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`
}

function now(): string {
  return JSON.stringify({ now: Date.now() })
}
