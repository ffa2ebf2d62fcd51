import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { toHex } from '#protocol/bytes'
import type { Roster } from '#protocol/wire/roster'
import type { Asset } from '../keys/asset.ts'
import { writeFileDurably } from '../keys/writeFileDurably.ts'
import { type EnrolmentAnswer, postEnrolment } from './enrolment.ts'

/** Remembers which nodes took which enrolment, over restarts. */
export type EnrolKeeper = {
  /**
   * Gives the statement to every node that has not taken an enrolment of these devices yet.
   * Faults of single nodes are told; true when every node has taken it.
   */
  ensure(sign: () => Promise<Uint8Array>, token: string | null): Promise<boolean>
  /** Gives the statement to every node, whatever they took before. */
  renew(sign: () => Promise<Uint8Array>, token: string | null): Promise<boolean>
}

/** What the keeper works with. */
export type EnrolKeeperParts = {
  readonly file: string
  readonly roster: Roster
  readonly assets: () => readonly Asset[]
  readonly timeoutMs: number
  readonly onAnswer: (answer: EnrolmentAnswer) => void
  readonly onFault: (error: unknown) => void
}

/** A keeper over one roster. */
export function createEnrolKeeper(parts: EnrolKeeperParts): EnrolKeeper {
  const { file, roster } = parts

  async function give(
    statement: Uint8Array,
    token: string | null,
    takenBefore: Record<string, string>,
    digest: string,
  ): Promise<boolean> {
    const taken = { ...takenBefore }
    for (const node of roster.nodes) {
      const nodeId = toHex(node.nodeId)
      if (taken[nodeId] === digest) continue
      try {
        parts.onAnswer(await postEnrolment(node, statement, token, parts.timeoutMs))
        taken[nodeId] = digest
      } catch (error) {
        parts.onFault(error)
      }
    }
    await writeFileDurably(file, `${JSON.stringify(taken)}\n`).catch(parts.onFault)
    return roster.nodes.every((node) => taken[toHex(node.nodeId)] === digest)
  }

  return {
    async ensure(sign, token) {
      const taken = await readTaken(file)
      const digest = digestOf(parts.assets())
      if (roster.nodes.every((node) => taken[toHex(node.nodeId)] === digest)) return true
      return give(await sign(), token, taken, digest)
    },
    renew: async (sign, token) => give(await sign(), token, {}, digestOf(parts.assets())),
  }
}

function digestOf(assets: readonly Asset[]): string {
  const ids = assets.map((asset) => asset.assetIdHex).sort()
  return createHash('sha256').update(ids.join()).digest('hex')
}

async function readTaken(file: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, string>
  } catch {
    // Missing or damaged: the nodes take an enrolment any number of times.
    return {}
  }
}
