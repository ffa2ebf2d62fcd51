import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type ApiOptions, buildApi } from './buildApi.ts'
import type { NodeView } from './nodeView.ts'

/** The HTTP API of one node. */
export type Api = {
  /** Listens; port 0 takes a free one. Throws what the socket says when the address cannot be had. */
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
      await app.listen({ host, port })
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
