import { toHex } from '#protocol/bytes'
import { comparePositions } from '#protocol/wire/header'
import type { Roster } from '#protocol/wire/roster'
import type { KnownHead } from './chooseBoot.ts'
import { type HeadQuestion, nodeHead } from './nodeHead.ts'

/** Asks every node once per run for the newest entry that it holds of this agent. */
export type HeadCheck = {
  /** Asks the nodes that have not answered yet; the newest head among the new answers, or null. */
  ask(): Promise<KnownHead | null>
  haveAllAnswered(): boolean
  /** Forgets that a node has answered: its acks speak of entries that are not in this log. */
  askAgain(nodeId: string): void
}

/** A check over one roster; faults of single nodes are told and the node stays open. */
export function createHeadCheck(
  roster: Roster,
  question: HeadQuestion,
  onFault: (error: unknown) => void,
): HeadCheck {
  const open = new Map(roster.nodes.map((node) => [toHex(node.nodeId), node]))
  return {
    async ask() {
      let newest: KnownHead | null = null
      const asked = [...open].map(async ([nodeId, node]) => {
        try {
          const head = await nodeHead(node, question)
          open.delete(nodeId)
          if (head && (!newest || comparePositions(head, newest) > 0)) newest = head
        } catch (error) {
          onFault(error)
        }
      })
      await Promise.all(asked)
      return newest
    },
    haveAllAnswered: () => open.size === 0,
    askAgain(nodeId) {
      const node = roster.nodes.find((each) => toHex(each.nodeId) === nodeId)
      if (node) open.set(nodeId, node)
    },
  }
}
