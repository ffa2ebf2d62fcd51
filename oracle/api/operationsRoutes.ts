import type { FastifyInstance } from 'fastify'
import type { ApiMetrics } from './apiMetrics.ts'
import type { NodeView } from './nodeView.ts'

/** /healthz (503 with the reasons when the node must not be relied on) and /metrics in Prometheus text format. */
export function operationsRoutes(app: FastifyInstance, view: NodeView, metrics: ApiMetrics): void {
  app.get('/healthz', async (_request, reply) => {
    const health = await view.health()
    return reply
      .status(health.ok ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(health)
  })

  app.get('/metrics', async (_request, reply) => {
    const node = await view.metricsText()
    const own = await metrics.registry.metrics()
    return reply.type(metrics.registry.contentType).send(`${node.trimEnd()}\n${own}`)
  })
}
