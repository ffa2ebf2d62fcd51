import { generateKeyPairSync } from 'node:crypto'
import { createNodeSigner } from '#protocol/node/nodeSigner'
import { coseKeyThumbprint } from '#protocol/wire/coseKey'
import type { SpoolClass } from '#protocol/wire/header'
import { createLogWriter, type LogWriter } from '../../../agent/log/logWriter.ts'
import type { Spool } from '../../../agent/spool/spool.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const signer = createNodeSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
export const agentId = coseKeyThumbprint(signer.publicKey)

/** A writer onto a spool; `open` it before use. */
export function writerOn(spool: Spool, saved: number[] = []): LogWriter {
  return createLogWriter({
    agentId,
    signer,
    spool,
    epoch: () => null,
    saveBoot: async (boot) => {
      saved.push(boot)
    },
  })
}

/** Writes an entry of a class whose one body has `size` bytes. */
export function writeEntry(writer: LogWriter, spoolClass: SpoolClass, size = 40): Promise<number> {
  return writer.write({
    kind: spoolClass === 'telemetry' ? 'batch' : spoolClass,
    class: spoolClass,
    t0: 1,
    period: 1,
    times: [],
    segments: [new Uint8Array(size).fill(7)],
  })
}

/** A small generator with a seed that can be printed (mulberry32). */
export function randomOf(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let x = Math.imul(a ^ (a >>> 15), a | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}
