import type { Signer } from '#protocol/primitives'
import { sign1 } from '#protocol/wire/cose'
import { encodeEnrolment } from '#protocol/wire/enrolment'
import type { RosterNode } from '#protocol/wire/roster'
import { agentError } from '../agentErrors.ts'
import type { Asset } from '../keys/asset.ts'
import { httpRequest } from './httpRequest.ts'

/** What an agent says of itself. */
export type EnrolmentFacts = {
  readonly feedId: Uint8Array
  readonly signer: Signer
  readonly source: string
  readonly enrolledAtMs: number
  readonly assets: readonly Asset[]
  readonly inventory: string
}

/** How a node answered. */
export type EnrolmentAnswer = { readonly url: string; readonly state: string }

/** The signed enrolment statement (`assay/enrolment/1`). */
export function signEnrolment(facts: EnrolmentFacts): Promise<Uint8Array> {
  const payload = encodeEnrolment({
    feedId: facts.feedId,
    publicKey: facts.signer.publicKey,
    source: facts.source.slice(0, 256),
    enrolledAtMs: facts.enrolledAtMs,
    devices: facts.assets.map(({ assetId, opening, identity, identityQuality, model }) => ({
      assetId,
      opening,
      identity,
      identityQuality,
      model,
    })),
    inventory: facts.inventory,
  })
  return sign1('assay/enrolment/1', payload, facts.signer)
}

/**
 * Gives an enrolment to one node.
 * @throws AssayError AGENT_NODE_UNREACHABLE (try again) or AGENT_ENROL_REFUSED (the node said no)
 */
export async function postEnrolment(
  node: Pick<RosterNode, 'url'>,
  statement: Uint8Array,
  token: string | null,
  timeoutMs: number,
): Promise<EnrolmentAnswer> {
  const url = `${node.url.replace(/\/$/, '')}/enrol`
  const headers: Record<string, string> = {
    'content-type': 'application/cbor',
    'content-length': String(statement.length),
  }
  if (token !== null) headers.authorization = `Bearer ${token}`
  const answer = await httpRequest({ url, method: 'POST', headers, body: statement, timeoutMs }).catch(
    (cause: Error) => {
      throw agentError('AGENT_NODE_UNREACHABLE', { url, found: cause.message }, cause)
    },
  )
  const said = parse(answer.body)
  if (answer.status === 200) return { url, state: said.state ?? 'pending' }
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 429)
    throw agentError('AGENT_ENROL_REFUSED', {
      url,
      found: `HTTP ${answer.status}`,
      code: said.code,
      message: said.message,
    })
  throw agentError('AGENT_NODE_UNREACHABLE', { url, found: `HTTP ${answer.status}` })
}

function parse(body: Uint8Array): { state?: string; code?: string; message?: string } {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
