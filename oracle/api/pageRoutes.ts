import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { oracleError } from '../oracleErrors.ts'

type PageFile = {
  readonly type: string
  readonly plain: Buffer
  readonly packed: Buffer
  readonly etag: string
}

const FILES = [
  { path: '/', name: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/main.js', name: 'main.js', type: 'text/javascript; charset=utf-8' },
  { path: '/main.css', name: 'main.css', type: 'text/css; charset=utf-8' },
  { path: '/icon.svg', name: 'icon.svg', type: 'image/svg+xml' },
] as const

/** Serves the built page from `webRoot` (null: it was not built), kept in memory, revalidated by its digest. */
export function pageRoutes(app: FastifyInstance, webRoot: string | null): void {
  const files = new Map<string, PageFile>()
  app.addHook('onReady', async () => {
    if (webRoot === null) return
    for (const { path, name, type } of FILES) {
      const plain = await readFile(join(webRoot, name)).catch(() => null)
      if (!plain) continue
      const digest = createHash('sha256').update(plain).digest('base64url')
      files.set(path, { type, plain, packed: gzipSync(plain, { level: 9 }), etag: `"${digest}"` })
    }
  })
  for (const { path } of FILES)
    app.get(path, async (request, reply) => {
      const file = files.get(path)
      if (!file) throw oracleError('ORACLE_API_PAGE', { path })
      return send(file, request, reply)
    })
}

function send(file: PageFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('etag', file.etag).header('cache-control', 'no-cache').header('vary', 'accept-encoding')
  const known = request.headers['if-none-match']?.split(',').map((each) => each.trim().replace(/^W\//, ''))
  if (known?.includes(file.etag)) return reply.status(304).send()
  reply.type(file.type)
  const packs = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  if (!packs) return reply.send(file.plain)
  return reply.header('content-encoding', 'gzip').send(file.packed)
}
