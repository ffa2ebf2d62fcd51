import { fromHex } from '#protocol/bytes'
import type { RoundResult } from '#protocol/score/round'
import { decodeRoundState } from '#protocol/score/roundState'
import { sign1 } from '#protocol/wire/cose'
import { encodeDissent } from '#protocol/wire/dissent'
import type { Leaf } from '#protocol/wire/leaf'
import type { RoundContext, RoundSignature } from './ports.ts'

/**
 * Says, signed, that another node's digest of a round is not the one that follows from the same proposal, with the
 * first leaf that differs when the other node hands its leaves over. Also raises the incident.
 */
export async function publishDissent(
  n: number,
  own: RoundResult,
  other: RoundSignature,
  context: RoundContext,
): Promise<Uint8Array> {
  const peer = context.peers.find((each) => each.nodeId === other.nodeId)
  const difference = firstDifference(own.leaves, await leavesOf(await peer?.state(n, other.digest)))
  const text = difference
    ? `token ${difference.token}: ${difference.field} is ${difference.ours} here and ${difference.theirs} there`
    : 'the leaves were not handed over or agree; another report field differs'
  context.incident({
    kind: 'dissent',
    subject: other.nodeId,
    round: n,
    text: `node ${other.nodeId} signed ${other.digest} for round ${n}, here ${own.digest} follows: ${text}`,
  })
  const payload = encodeDissent({
    feedId: context.roster.feedId,
    n,
    nodeId: fromHex(context.nodeId) as Uint8Array,
    against: fromHex(other.nodeId) as Uint8Array,
    ownDigest: fromHex(own.digest) as Uint8Array,
    otherDigest: fromHex(other.digest) as Uint8Array,
    firstToken: difference?.token ?? '',
    difference: text.slice(0, 500),
  })
  return sign1('assay/dissent/1', payload, context.transport)
}

async function leavesOf(state: Uint8Array | undefined): Promise<readonly Leaf[] | null> {
  if (!state) return null
  try {
    return decodeRoundState(state).assets.map((asset) => asset.leaf)
  } catch {
    return null
  }
}

function firstDifference(ours: readonly Leaf[], theirs: readonly Leaf[] | null) {
  if (!theirs) return null
  for (const [i, leaf] of ours.entries()) {
    const other = theirs[i]
    if (!other) return { token: String(leaf.tokenId), field: 'leaf', ours: 'present', theirs: 'absent' }
    for (const field of Object.keys(leaf) as (keyof Leaf)[]) {
      if (String(leaf[field]) !== String(other[field])) {
        return { token: String(leaf.tokenId), field, ours: String(leaf[field]), theirs: String(other[field]) }
      }
    }
  }
  return null
}
