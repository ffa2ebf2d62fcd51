import { fromHex } from '#protocol/bytes'
import { type AckList, encodeAckList } from '#protocol/wire/ackList'
import { sign1 } from '#protocol/wire/cose'
import type { RoundContext } from './ports.ts'

/**
 * This node's observation of epoch n, signed once: a second call gives the same bytes, also after a restart. `served`
 * are the existing epochs after the parent in which the node was ingesting.
 */
export async function ownAckList(
  n: number,
  served: readonly number[],
  context: RoundContext,
): Promise<Uint8Array> {
  const kept = context.store.get(n, 'ackList')
  if (kept) return kept
  const list: AckList = {
    feedId: context.roster.feedId,
    configId: context.roster.configId,
    n,
    nodeId: fromHex(context.nodeId) as Uint8Array,
    heads: context.logs.heads(),
    served,
    forks: context.logs.forks(),
  }
  const signed = await sign1('assay/acklist/1', encodeAckList(list), context.transport)
  context.store.put(n, 'ackList', signed)
  return signed
}
