import { sameBytes, toHex0x } from '#protocol/bytes'
import { CHS1 } from '#protocol/score/methodology'
import { type RoundInput, roundHeads } from '#protocol/score/round'
import { headOf, type RoundState } from '#protocol/score/roundState'
import type { AckList } from '#protocol/wire/ackList'
import type { ChainView, Hex } from '#protocol/wire/chainView'
import type { Entry } from '#protocol/wire/entry'
import { checkForkProof } from '#protocol/wire/forkProof'
import { chainOrFetch, holdsOrFetch } from './backfill.ts'
import type { IncidentKind, OpenEpoch, RoundContext } from './ports.ts'

/** The input of a round, or why it cannot be had: `final` when waiting cannot help. */
export type GatheredRound =
  | { readonly ok: true; readonly input: RoundInput }
  | { readonly ok: false; readonly final: boolean; readonly kind: IncidentKind; readonly why: string }

type Around = {
  readonly n: number
  readonly view: ChainView
  readonly epochs: readonly OpenEpoch[]
  readonly parentState: RoundState | null
}

/**
 * Everything that a round over these ack lists depends on, fetched from the peers where this node lacks it. A list
 * that names a head without an agent-signed header, or a fork without proof, makes the round unusable (PROTOCOL §6.4).
 */
export async function computeEntries(
  lists: readonly AckList[],
  around: Around,
  context: RoundContext,
): Promise<GatheredRound> {
  const { n, view, epochs, parentState } = around
  const agents = [...new Set(view.tokens.map((token) => token.agentId))]
  const missing = await missingHeader(lists, agents, context)
  if (missing) return { ok: false, final: false, kind: 'header-missing', why: missing }
  const heads = roundHeads({ view, lists, parentState })
  const chains = new Map<Hex, readonly Entry[]>()
  for (const [agentId, head] of heads) {
    const parent = parentState ? headOf(parentState, agentId) : null
    if (parent && sameBytes(parent.hash, head.hash)) {
      chains.set(agentId, [])
      continue
    }
    const chain = await chainOrFetch(agentId, parent, head, context.logs, context.peers, context.primitives)
    if (!chain)
      return {
        ok: false,
        final: false,
        kind: 'header-missing',
        why: `entries of agent ${agentId} up to ${head.boot}/${head.seq} are not to be had`,
      }
    chains.set(agentId, chain)
  }
  return {
    ok: true,
    input: { n, view, params: context.params, epochs, lists, parentState, chains, methodology: CHS1 },
  }
}

async function missingHeader(
  lists: readonly AckList[],
  agents: readonly Hex[],
  context: RoundContext,
): Promise<string | null> {
  for (const list of lists) {
    for (const head of list.heads) {
      if (!agents.includes(toHex0x(head.logId))) continue
      if (!(await holdsOrFetch(head, context.logs, context.peers))) {
        return `node ${toHex0x(list.nodeId)} lists ${toHex0x(head.logId)} at ${head.boot}/${head.seq}, and nobody has that signed header`
      }
    }
    for (const fork of list.forks) {
      const key = context.logs.publicKey(toHex0x(fork.logId))
      if (!key || !checkForkProof(fork, key, context.primitives)) {
        return `node ${toHex0x(list.nodeId)} claims a fork of ${toHex0x(fork.logId)} without two signed headers`
      }
    }
  }
  return null
}
