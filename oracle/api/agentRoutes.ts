import type { FastifyInstance } from 'fastify'
import { oracleError } from '../oracleErrors.ts'
import type { NodeView } from './nodeView.ts'
import { hexParameter } from './readParameters.ts'

const ENROLMENT_LIMIT = 256 * 1024

/** What an agent asks a node for: enrolment, its own head, the roster. */
export function agentRoutes(app: FastifyInstance, view: NodeView): void {
  app.post('/enrol', { bodyLimit: ENROLMENT_LIMIT }, async (request) => {
    if (!(request.body instanceof Uint8Array))
      throw oracleError('ORACLE_API_MEDIA', { found: 'application/json', wanted: 'application/cbor' })
    if (request.body.length === 0) throw oracleError('ORACLE_API_BODY', { found: 'no bytes' })
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const loopback = ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(request.ip)
    return view.enrol(new Uint8Array(request.body), { ...(token === undefined ? {} : { token }), loopback })
  })

  app.get('/agents', async () => ({ agents: await view.agents() }))

  app.get<{ Params: { agentId: string } }>('/agents/:agentId/head', async (request) => {
    const agentId = hexParameter(request.params.agentId, 'agentId')
    const head = await view.agentHead(agentId)
    if (!head) throw oracleError('ORACLE_API_NOT_FOUND', { agentId })
    return head
  })

  app.get('/roster', async (_request, reply) =>
    reply.type('application/cbor').send(Buffer.from(await view.roster())),
  )
}
