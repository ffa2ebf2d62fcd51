import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What the API counts about itself; every API has its own registry. */
export type ApiMetrics = {
  readonly registry: Registry
  readonly streams: Gauge
  readonly streamDrops: Counter
}

/** The HTTP metrics of one API, measured on every route of `app`. */
export function apiMetrics(app: FastifyInstance): ApiMetrics {
  const registry = new Registry()
  const seconds = new Histogram({
    name: 'assay_oracle_http_request_seconds',
    help: 'Time to answer an HTTP request',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2],
    registers: [registry],
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    seconds.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })
  return {
    registry,
    streams: new Gauge({
      name: 'assay_oracle_http_streams',
      help: 'Event streams open now',
      registers: [registry],
    }),
    streamDrops: new Counter({
      name: 'assay_oracle_http_stream_drops_total',
      help: 'Event streams ended because their reader did not keep up',
      registers: [registry],
    }),
  }
}
