import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createNodePrimitives } from '#protocol/node/nodePrimitives'
import { createNodeSigner } from '#protocol/node/nodeSigner'
import type { Signer } from '#protocol/primitives'
import { encodeCbor } from '#protocol/wire/cbor'
import { valueCell } from '#protocol/wire/cell'
import { sign1 } from '#protocol/wire/cose'
import { coseKeyThumbprint } from '#protocol/wire/coseKey'
import { type Entry, parseEntry, signEntry } from '#protocol/wire/entry'
import { encodeHeader, type Header } from '#protocol/wire/header'
import { encodeSegment, type Segment } from '#protocol/wire/segment'

export const primitives = createNodePrimitives()
export const ZERO_HASH: Uint8Array = new Uint8Array(32)

/** A P-256 key as PKCS#8 PEM. */
export function newPem(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string
}

/** An agent of the tests: a real key and the entries that it signs, one after the other. */
export type SignedLog = {
  readonly agentId: Uint8Array
  readonly agentHex: string
  readonly signer: Signer
  /** Signs the next entry; `change` replaces header fields, `segments` replaces the body. */
  next(change?: Partial<Header>, segments?: readonly Segment[]): Promise<Entry>
  /** The place from which `next` goes on: set it back to fork. */
  at: { boot: number; seq: number; prev: Uint8Array }
}

export type SignedLogOptions = {
  readonly devices?: number
  readonly rows?: number
  readonly metrics?: number
  readonly t0?: number
}

/** A log of entries with telemetry of `devices` assets (see {@link assetOf}). */
export function createSignedLog(options: SignedLogOptions = {}, pem: string = newPem()): SignedLog {
  const { devices = 1, rows = 1, metrics = 2, t0 = 1_700_000_000_000 } = options
  const signer = createNodeSigner(pem)
  const agentId = coseKeyThumbprint(signer.publicKey)
  const log: SignedLog = {
    agentId,
    agentHex: Buffer.from(agentId).toString('hex'),
    signer,
    at: { boot: 1, seq: 0, prev: ZERO_HASH },
    async next(change = {}, segments) {
      const { boot, seq, prev } = log.at
      const bodies = (
        segments ??
        Array.from({ length: devices }, (_, i) =>
          telemetry(assetOf(agentId, i), rows, metrics, 100 * i + seq),
        )
      ).map(encodeSegment)
      const header: Header = {
        agentId,
        kid: agentId,
        boot,
        seq,
        prev,
        kind: 'batch',
        epoch: null,
        t0: t0 + 1000 * rows * seq,
        period: 1000,
        times: Array.from({ length: rows }, (_, i) => 1000 * i),
        segments: bodies.map((body) => primitives.sha256(body)),
        evidence: [],
        counters: { produced: seq + 1, acked: 0, spooled: seq + 1, dropped: [] },
        tombstones: [],
        ...change,
      }
      const entry = parseEntry(await signEntry(header, bodies, signer), primitives)
      log.at = { boot: header.boot, seq: header.seq + 1, prev: entry.hash }
      return entry
    },
  }
  return log
}

/** An entry as an agent that checks nothing would sign it: whatever the bodies are. */
export async function signUnchecked(
  header: Header,
  bodies: readonly Uint8Array[],
  signer: Signer,
): Promise<Uint8Array> {
  return encodeCbor([await sign1('assay/header/1', encodeHeader(header), signer), [...bodies]])
}

/** The asset id of device `index` of an agent in these tests. */
export function assetOf(agentId: Uint8Array, index: number): Uint8Array {
  return primitives.sha256(Buffer.concat([agentId, Buffer.from([index])]))
}

/** A telemetry segment whose metric `m` has the value `base + m + row`. */
export function telemetry(subject: Uint8Array | null, rows: number, metrics: number, base: number): Segment {
  return {
    kind: 'telemetry',
    salt: new Uint8Array(randomBytes(16)),
    subject,
    columns: Array.from({ length: metrics }, (_, m) => ({
      metric: m + 1,
      cells: Array.from({ length: rows }, (_, row) => valueCell(base + m + row)),
    })),
  }
}
