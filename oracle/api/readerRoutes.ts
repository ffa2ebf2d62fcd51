import type { FastifyInstance } from 'fastify'
import { utf8 } from '#protocol/bytes'
import { noblePrimitives } from '#protocol/noblePrimitives'
import type { AssetProof } from '#protocol/verify/assetProof'
import { encodeFile } from '#protocol/wire/file'
import { oracleError } from '../oracleErrors.ts'
import type { NodeView } from './nodeView.ts'
import { hexParameter, roundParameter, uintParameter, wordsParameter } from './readParameters.ts'

type AssetParams = { Params: { assetId: string } }
type ProofQuery = AssetParams & { Querystring: { round?: string } }
type SeriesQuery = AssetParams & {
  Querystring: { metric?: string | string[]; since?: string; max?: string }
}

const MOST_METRICS = 16
const MOST_POINTS = 5000

/** What the page and every other reader asks for under /api/v1: the feed, assets, rounds, proofs, incidents. */
export function readerRoutes(app: FastifyInstance, view: NodeView): void {
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  })

  app.get('/feed', async () => view.feed())
  app.get('/assets', async () => view.assets())

  app.get<AssetParams>('/assets/:assetId', async (request) => {
    const assetId = hexParameter(request.params.assetId, 'assetId')
    return (await view.asset(assetId)) ?? unknown({ assetId })
  })

  app.get<SeriesQuery>('/assets/:assetId/series', async (request) => {
    const assetId = hexParameter(request.params.assetId, 'assetId')
    const metrics = wordsParameter(request.query.metric, 'metric', MOST_METRICS)
    const since = uintParameter(request.query.since, 'since', 0)
    const max = uintParameter(request.query.max, 'max', 600)
    if (max < 1 || max > MOST_POINTS)
      throw oracleError('ORACLE_API_PARAMETER', { field: 'max', found: max, wanted: `1 to ${MOST_POINTS}` })
    return (await view.series(assetId, metrics, since, max)) ?? unknown({ assetId })
  })

  app.get<ProofQuery>('/assets/:assetId/proof', async (request) => {
    const { proof } = await proofOf(request.params, request.query)
    return proof
  })

  app.get<ProofQuery>('/verify/file/:assetId', async (request, reply) => {
    const { proof, assetId } = await proofOf(request.params, request.query)
    const name = `${assetId.slice(0, 12)}-${proof.report.round}.assay`
    return reply
      .header('content-disposition', `attachment; filename="${name}"`)
      .type('application/octet-stream')
      .send(Buffer.from(encodeFile('assetProof', utf8(JSON.stringify(proof)), noblePrimitives.sha256)))
  })

  app.get('/rounds', async () => ({ now: Date.now(), rounds: await view.rounds(50) }))

  app.get<{ Params: { n: string } }>('/rounds/:n', async (request) => {
    const n = roundParameter(request.params.n)
    return (await view.round(n)) ?? unknown({ round: n })
  })

  app.get<{ Params: { n: string } }>('/rounds/:n/bundle', async (request, reply) => {
    const n = roundParameter(request.params.n)
    const file = await view.roundBundle(n)
    if (!file) return unknown({ round: n })
    return reply
      .header('content-disposition', `attachment; filename="round-${n}.assay"`)
      .type('application/octet-stream')
      .send(Buffer.from(file))
  })

  app.get('/incidents', async () => ({ now: Date.now(), incidents: await view.incidents(200) }))

  async function proofOf(
    params: { assetId: string },
    query: { round?: string },
  ): Promise<{ proof: AssetProof; assetId: string }> {
    const assetId = hexParameter(params.assetId, 'assetId')
    const round = roundParameter(query.round)
    return { proof: (await view.assetProof(assetId, round)) ?? unknown({ assetId, round }), assetId }
  }
}

function unknown(facts: Record<string, string | number>): never {
  throw oracleError('ORACLE_API_NOT_FOUND', facts)
}
