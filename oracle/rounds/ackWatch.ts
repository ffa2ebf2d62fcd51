import { toHex0x } from '#protocol/bytes'
import type { Primitives } from '#protocol/primitives'
import { type Ack, decodeAck } from '#protocol/wire/ack'
import type { AckList } from '#protocol/wire/ackList'
import type { Hex } from '#protocol/wire/chainView'
import { openSign1 } from '#protocol/wire/cose'
import { comparePositions, type Position } from '#protocol/wire/header'
import type { Roster } from '#protocol/wire/roster'

/**
 * Remembers how far the other nodes' acks reached, so that an ack list below its own node's acks is seen. Acks heard
 * during an epoch bind that node only from the next one on: its list may have been made before they were sent.
 */
export class AckWatch {
  private readonly roster: Roster
  private readonly primitives: Primitives
  private heard = new Map<string, Ack>()
  private before = new Map<string, Ack>()
  private binding = new Map<string, Ack>()

  constructor(roster: Roster, primitives: Primitives) {
    this.roster = roster
    this.primitives = primitives
  }

  /** Takes a COSE ack as it went to an agent; what does not verify under the roster is ignored. */
  hear(cose: Uint8Array): void {
    for (const node of this.roster.nodes) {
      try {
        const ack = decodeAck(openSign1('assay/ack/1', cose, node.transportKey, this.primitives))
        if (toHex0x(ack.nodeId) !== toHex0x(node.nodeId)) return
        const known = this.heard.get(keyOf(ack.nodeId, ack.agentId))
        if (!known || comparePositions(ack, known) > 0) this.heard.set(keyOf(ack.nodeId, ack.agentId), ack)
        return
      } catch {
        // Not this node's key; another node of the roster may have signed it.
      }
    }
  }

  /** An epoch opened: what was heard before the last one opened binds the lists that are made now. */
  epochOpened(): void {
    this.binding = this.before
    this.before = new Map(this.heard)
  }

  /** The agents for which a list stays below what its node had acked, with both positions. */
  below(list: AckList): { agentId: Hex; acked: Position; listed: Position | null }[] {
    return [...this.binding.values()]
      .filter((ack) => toHex0x(ack.nodeId) === toHex0x(list.nodeId))
      .flatMap((acked) => {
        const listed = list.heads.find((head) => toHex0x(head.logId) === toHex0x(acked.agentId)) ?? null
        return listed && comparePositions(listed, acked) >= 0
          ? []
          : [{ agentId: toHex0x(acked.agentId), acked, listed }]
      })
  }
}

function keyOf(nodeId: Uint8Array, agentId: Uint8Array): string {
  return `${toHex0x(nodeId)} ${toHex0x(agentId)}`
}
