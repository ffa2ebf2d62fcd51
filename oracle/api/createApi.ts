import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { oracleError } from '../oracleErrors.ts'
import { type ApiOptions, buildApi } from './buildApi.ts'
import type { NodeView } from './nodeView.ts'

/** The HTTP API of one node. */
export type Api = {
  /** Listens; port 0 takes a free one. @throws AssayError ORACLE_API_LISTEN when the address cannot be had */
  start(host: string, port: number): Promise<{ readonly url: string; readonly port: number }>
  /** Ends event streams and open requests, and frees the port. */
  stop(): Promise<void>
}

/** The API of `view`. Nothing is opened before `start`. */
export function createApi(view: NodeView, options: ApiOptions): Api {
  let app: FastifyInstance | undefined
  return {
    async start(host, port) {
      app = buildApi(view, options)
      await app.listen({ host, port }).catch((cause: NodeJS.ErrnoException) => {
        throw oracleError('ORACLE_API_LISTEN', { host, port, found: cause.code ?? cause.message }, cause)
      })
      const found = (app.server.address() as AddressInfo).port
      const name = host.includes(':') ? `[${host}]` : host
      return { url: `${options.tls ? 'https' : 'http'}://${name}:${found}`, port: found }
    },
    async stop() {
      await app?.close()
      app = undefined
    },
  }
}
