import type { FastifyInstance } from 'fastify'
import type { AdmissionProof } from '#protocol/verify/assetProof'
import { parseAdmission } from '#protocol/verify/parseAssetProof'
import { encodeCbor } from '#protocol/wire/cbor'
import { oracleError } from '../oracleErrors.ts'
import type { NodeView } from './nodeView.ts'
import { hexParameter, rangeParameter, uintParameter } from './readParameters.ts'

const ARCHIVE_RANGE = 1024

/** What nodes ask each other for, open to anyone: archived entries, round objects, round state, admissions. */
export function peerRoutes(app: FastifyInstance, view: NodeView): void {
  app.get<{ Params: { agentId: string; boot: string; range: string } }>(
    '/archive/:agentId/:boot/:range',
    async (request, reply) => {
      const agentId = hexParameter(request.params.agentId, 'agentId')
      const boot = uintParameter(request.params.boot, 'boot')
      const { from, to } = rangeParameter(request.params.range, 'range', ARCHIVE_RANGE)
      const entries = await view.archiveRange(agentId, boot, from, to)
      return reply.type('application/cbor').send(Buffer.from(encodeCbor([...entries])))
    },
  )

  app.get<{ Params: { agentId: string; boot: string; seq: string } }>(
    '/archive/:agentId/after/:boot/:seq',
    async (request, reply) => {
      const agentId = hexParameter(request.params.agentId, 'agentId')
      const boot = uintParameter(request.params.boot, 'boot')
      const seq = uintParameter(request.params.seq, 'seq')
      const entries = await view.archiveAfter(agentId, boot, seq)
      return reply.type('application/cbor').send(Buffer.from(encodeCbor([...entries])))
    },
  )

  app.get<{ Params: { hash: string } }>('/archive/entry/:hash', async (request, reply) => {
    const hash = hexParameter(request.params.hash, 'headerHash')
    const entry = await view.archiveEntry(hash)
    if (!entry) throw oracleError('ORACLE_API_NOT_FOUND', { headerHash: hash })
    return reply
      .type('application/cbor')
      .header('cache-control', 'public, max-age=31536000, immutable')
      .send(Buffer.from(entry))
  })

  app.get<{ Params: { n: string } }>('/peer/rounds/:n', async (request) => {
    const n = uintParameter(request.params.n, 'n')
    const round = await view.peerRound(n)
    if (!round) throw oracleError('ORACLE_API_NOT_FOUND', { round: n })
    return round
  })

  type StateRequest = { Params: { round: string }; Querystring: { digest?: unknown } }
  app.get<StateRequest>('/peer/states/:round', async (request, reply) => {
    const round = uintParameter(request.params.round, 'round')
    const { digest } = request.query
    const state = await view.peerState(
      round,
      digest === undefined ? undefined : hexParameter(digest, 'digest'),
    )
    if (!state) throw oracleError('ORACLE_API_NOT_FOUND', { round })
    return reply.type('application/cbor').send(Buffer.from(state))
  })

  app.post('/admissions', async (request) => {
    const json: AdmissionProof['admission'] = parseAdmission(request.body)
    return { signature: await view.signAdmission({ ...json, tokenId: BigInt(json.tokenId) }) }
  })
}
