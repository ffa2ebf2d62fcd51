import { fromHex } from '#protocol/bytes'
import { decodeCbor } from '#protocol/wire/cbor'
import type { Hex } from '#protocol/wire/chainView'
import { asArray, asBytes } from '#protocol/wire/shape'
import type { Peer, PublishedRound, RoundSignature } from './ports.ts'

/** JSON form of a {@link PublishedRound} at `GET /peer/rounds/{n}`: COSE objects as hex without 0x. */
export type PublishedRoundJson = {
  readonly n: number
  readonly ackLists: readonly string[]
  readonly proposals: readonly string[]
  readonly signatures: readonly RoundSignature[]
  readonly dissents: readonly string[]
}

const TIMEOUT_MS = 3000
const MOST_ITEMS = 256

/** A peer behind its HTTP base URL. What it says is verified by the caller; here only its form is checked. */
export function createPeer(nodeId: Hex, url: string): Peer {
  const base = url.replace(/\/$/, '')

  async function get(path: string): Promise<Response | undefined> {
    try {
      const response = await fetch(`${base}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      return response.ok ? response : undefined
    } catch {
      return undefined
    }
  }

  async function entries(path: string): Promise<readonly Uint8Array[] | undefined> {
    const response = await get(path)
    if (!response) return undefined
    try {
      const items = asArray(decodeCbor(new Uint8Array(await response.arrayBuffer())), 'archive')
      return items.map((item) => asBytes(item, 'archive'))
    } catch {
      return undefined
    }
  }

  return {
    nodeId,
    async round(n) {
      const json = await (await get(`/peer/rounds/${n}`))?.json().catch(() => undefined)
      return json === undefined ? undefined : readRound(n, json)
    },
    archive: (agentId, boot, from, to) => entries(`/archive/${agentId.slice(2)}/${boot}/${from}-${to}`),
    after: (agentId, at) =>
      entries(`/archive/${agentId.slice(2)}/after/${at ? `${at.boot}/${at.seq}` : '0/0'}`),
    async state(round, digest) {
      const response = await get(`/peer/states/${round}?digest=${digest.slice(2)}`)
      return response ? new Uint8Array(await response.arrayBuffer()) : undefined
    },
  }
}

/** The JSON form of what this node publishes of a round. */
export function writeRound(round: PublishedRound): PublishedRoundJson {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  return {
    n: round.n,
    ackLists: round.ackLists.map(hex),
    proposals: round.proposals.map(hex),
    signatures: [...round.signatures],
    dissents: round.dissents.map(hex),
  }
}

/** What a peer published, or undefined when it is not of that form or of another round. */
function readRound(n: number, json: unknown): PublishedRound | undefined {
  const it = json as Partial<PublishedRoundJson>
  if (typeof it !== 'object' || it === null || it.n !== n) return undefined
  return {
    n,
    ackLists: byteList(it.ackLists),
    proposals: byteList(it.proposals),
    signatures: (Array.isArray(it.signatures) ? it.signatures : []).slice(0, MOST_ITEMS).filter(isSignature),
    dissents: byteList(it.dissents),
  }
}

function byteList(value: unknown): Uint8Array[] {
  if (!Array.isArray(value)) return []
  return value.slice(0, MOST_ITEMS).flatMap((item) => {
    const bytes = typeof item === 'string' ? fromHex(item) : undefined
    return bytes ? [bytes] : []
  })
}

function isSignature(value: unknown): value is RoundSignature {
  const it = value as Partial<RoundSignature> | null
  const hex = (text: unknown, bytes: number): boolean =>
    typeof text === 'string' && new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`).test(text)
  return !!it && hex(it.nodeId, 20) && hex(it.digest, 32) && hex(it.proposal, 32) && hex(it.signature, 64)
}
