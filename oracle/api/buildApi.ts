import fastify, { type FastifyInstance } from 'fastify'
import { agentRoutes } from './agentRoutes.ts'
import { type ApiLog, answerErrors } from './answerErrors.ts'
import { apiMetrics } from './apiMetrics.ts'
import type { NodeView } from './nodeView.ts'
import { operationsRoutes } from './operationsRoutes.ts'
import { pageRoutes } from './pageRoutes.ts'
import { peerRoutes } from './peerRoutes.ts'
import { readerRoutes } from './readerRoutes.ts'
import { secureHeaders } from './secureHeaders.ts'
import { streamRoutes } from './streamRoutes.ts'

/** What an API needs besides the node. */
export type ApiOptions = {
  /** Folder of the built page (`dist/dashboards/web`), or null to serve none. */
  readonly webRoot: string | null
  /** PEM texts; without them the API speaks plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string }
  readonly log?: ApiLog
}

const BODY_LIMIT = 64 * 1024

/** The routes of one node over its view, not yet listening. */
export function buildApi(view: NodeView, options: ApiOptions): FastifyInstance {
  const settings = { logger: false, bodyLimit: BODY_LIMIT, forceCloseConnections: true } as const
  const app = options.tls
    ? (fastify({ ...settings, https: options.tls }) as unknown as FastifyInstance)
    : fastify(settings)
  const log = options.log ?? (() => {})
  app.addContentTypeParser(
    ['application/cbor', 'application/cose', 'application/octet-stream'],
    { parseAs: 'buffer' },
    (_request, body, done) => done(null, body),
  )
  answerErrors(app, log)
  secureHeaders(app)
  const metrics = apiMetrics(app)
  agentRoutes(app, view)
  peerRoutes(app, view)
  operationsRoutes(app, view, metrics)
  streamRoutes(app, view, metrics, log)
  app.register(async (scope) => readerRoutes(scope, view), { prefix: '/api/v1' })
  pageRoutes(app, options.webRoot)
  return app
}
