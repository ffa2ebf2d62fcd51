import type { FastifyInstance } from 'fastify'
import { AssayError } from '#protocol/assayError'
import { oracleError } from '../oracleErrors.ts'

/** Where the API tells what it could not tell its client: an unexpected failure, with the request that met it. */
export type ApiLog = (facts: { readonly error: unknown; readonly route: string }, text: string) => void

const STATUS: Readonly<Record<string, number>> = {
  ORACLE_API_PARAMETER: 400,
  ORACLE_API_NOT_FOUND: 404,
  ORACLE_API_ROUTE: 404,
  ORACLE_API_PAGE: 404,
  ORACLE_API_BODY: 400,
  ORACLE_API_MEDIA: 415,
  ORACLE_API_BUSY: 503,
  ORACLE_API_INTERNAL: 500,
}

/**
 * Makes every error of `app` one object {code, message, mend}. A coded error of the node keeps its code: 400 for what
 * is wrong with an object (PROTO_…), 503 for what the node waits for itself (…_UNREACHABLE, …_UNAVAILABLE), 409 for what
 * it refuses. Anything else is ORACLE_API_INTERNAL; its text goes to the log and not to the client.
 */
export function answerErrors(app: FastifyInstance, log: ApiLog): void {
  app.setNotFoundHandler((request) => {
    throw oracleError('ORACLE_API_ROUTE', { method: request.method, path: request.url.slice(0, 120) })
  })
  app.setErrorHandler((error, request, reply) => {
    const coded = error instanceof AssayError ? error : ofFramework(error)
    if (coded.code === 'ORACLE_API_INTERNAL')
      log({ error, route: `${request.method} ${request.routeOptions.url ?? request.url}` }, 'request failed')
    return reply
      .status(statusOf(coded, error))
      .header('cache-control', 'no-store')
      .send({ code: coded.code, message: coded.message, mend: coded.mend })
  })
}

function ofFramework(error: unknown): AssayError {
  const {
    code = '',
    statusCode = 500,
    message,
  } = error as { code?: string; statusCode?: number; message: string }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return oracleError('ORACLE_API_MEDIA', { found: message })
  if (code.startsWith('FST_ERR_CTP_') || (statusCode >= 400 && statusCode < 500))
    return oracleError('ORACLE_API_BODY', { found: message })
  return oracleError('ORACLE_API_INTERNAL', {}, error)
}

function statusOf(coded: AssayError, error: unknown): number {
  if ((error as { statusCode?: number }).statusCode === 413) return 413
  const own = STATUS[coded.code]
  if (own !== undefined) return own
  if (coded.code.startsWith('PROTO_')) return 400
  return /_(UNREACHABLE|UNAVAILABLE)$/.test(coded.code) ? 503 : 409
}
