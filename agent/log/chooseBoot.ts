import { comparePositions, type Position } from '#protocol/wire/header'

/** The newest entry of a log, as somebody knows it. */
export type KnownHead = Position & { readonly hash: Uint8Array }

/** What an agent knows when it opens a boot. */
export type BootFacts = {
  /** Highest boot that the state directory ever opened; 0 for none. */
  readonly lastBoot: number
  readonly localHead: KnownHead | null
  /** The newest head that any node proved with a header of this agent's own signature. */
  readonly nodeHead: KnownHead | null
  /** Milliseconds of Unix time. */
  readonly nowMs: number
}

/** The boot to open. `rolledBackFrom` is what the nodes knew beyond the local log. */
export type BootChoice = {
  readonly boot: number
  readonly prev: Uint8Array
  readonly rolledBackFrom: Position | null
}

const NO_PREVIOUS = new Uint8Array(32)

/**
 * Which boot to open and what its first header links to (PROTOCOL §4). Nodes that know more than the local log win: the
 * boot is linked to their head. Its number is beyond every known one, and at least Unix time in milliseconds: the state may
 * be an old copy whose later boots nobody answers for (a node away, an entry still in the broker), and a boot opened
 * then must not be opened again, or one position would carry two signatures.
 */
export function chooseBoot(facts: BootFacts): BootChoice {
  const { localHead, nodeHead } = facts
  const isRolledBack = nodeHead !== null && (!localHead || comparePositions(nodeHead, localHead) > 0)
  const highest = Math.max(facts.lastBoot, localHead?.boot ?? 0, nodeHead?.boot ?? 0)
  return {
    boot: Math.max(highest + 1, facts.nowMs),
    prev: (isRolledBack ? nodeHead : localHead)?.hash ?? NO_PREVIOUS,
    rolledBackFrom: isRolledBack ? { boot: nodeHead.boot, seq: nodeHead.seq } : null,
  }
}
