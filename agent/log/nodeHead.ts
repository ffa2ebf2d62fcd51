import { fromHex, sameBytes, toHex } from '#protocol/bytes'
import type { Primitives } from '#protocol/primitives'
import { decodeAck } from '#protocol/wire/ack'
import { openSign1 } from '#protocol/wire/cose'
import { decodeHeader, headerHash } from '#protocol/wire/header'
import type { RosterNode } from '#protocol/wire/roster'
import { agentError } from '../agentErrors.ts'
import { httpRequest } from '../enrol/httpRequest.ts'
import type { KnownHead } from './chooseBoot.ts'

/** Whose log is asked about. */
export type HeadQuestion = {
  readonly agentId: Uint8Array
  readonly publicKey: Uint8Array
  readonly primitives: Primitives
  readonly timeoutMs: number
}

/**
 * The newest entry of this agent that a node holds, proved twice: the header by our own signature, the ack by the
 * node's. Null when the node knows nothing of this agent.
 * @throws AssayError AGENT_NODE_UNREACHABLE, or AGENT_NODE_ANSWER when the answer proves nothing
 */
export async function nodeHead(node: RosterNode, question: HeadQuestion): Promise<KnownHead | null> {
  const { agentId, publicKey, primitives, timeoutMs } = question
  const url = `${node.url.replace(/\/$/, '')}/agents/${toHex(agentId)}/head`
  const answer = await httpRequest({ url, method: 'GET', timeoutMs }).catch((cause: Error) => {
    throw agentError('AGENT_NODE_UNREACHABLE', { url, found: cause.message }, cause)
  })
  if (answer.status === 404) return null
  if (answer.status !== 200)
    throw agentError('AGENT_NODE_UNREACHABLE', { url, found: `HTTP ${answer.status}` })
  try {
    const body = JSON.parse(Buffer.from(answer.body).toString('utf8')) as { header: string; ack: string }
    const payload = openSign1(
      'assay/header/1',
      fromHex(body.header) ?? new Uint8Array(),
      publicKey,
      primitives,
    )
    const ackPayload = openSign1(
      'assay/ack/1',
      fromHex(body.ack) ?? new Uint8Array(),
      node.transportKey,
      primitives,
    )
    const header = decodeHeader(payload)
    const ack = decodeAck(ackPayload)
    const hash = headerHash(payload, primitives.sha256)
    const isOurs = sameBytes(header.agentId, agentId) && sameBytes(ack.agentId, agentId)
    const isSame = sameBytes(ack.hash, hash) && ack.boot === header.boot && ack.seq === header.seq
    if (!isOurs || !isSame || !sameBytes(ack.nodeId, node.nodeId))
      throw new Error('header and ack do not agree')
    return { boot: header.boot, seq: header.seq, hash }
  } catch (cause) {
    throw agentError('AGENT_NODE_ANSWER', { url, found: (cause as Error).message }, cause)
  }
}
