import { comparePositions, type Position } from '#protocol/wire/header'
import type { KnownHead } from './chooseBoot.ts'

/** What a head that a node showed means for the log of this run. */
export type Reconciliation =
  /** It is part of this log. */
  | { readonly kind: 'known' }
  /** Nodes knew more than this log did at start; the boot that is open links to an earlier entry, and they follow it. */
  | { readonly kind: 'rolled back' }
  /** This log cannot go on from what is open: a new boot must link to the node's head. */
  | { readonly kind: 'reopen' }
  /** A position of the open boot that this log has not signed yet: another machine holds the key. */
  | { readonly kind: 'cloned' }

/** Where this run stands. */
export type RunFacts = {
  /** Newest entry at start, before the first boot of this run; null for an empty log. */
  readonly startHead: Position | null
  /** First boot of this run. */
  readonly firstBoot: number
  /** Newest entry now. */
  readonly head: Position | null
}

/** Compares the head that a node showed, proved by our own signature, with the log of this run. */
export function reconcile(shown: KnownHead, run: RunFacts): Reconciliation {
  if (run.startHead && comparePositions(shown, run.startHead) <= 0) return { kind: 'known' }
  if (shown.boot >= run.firstBoot) {
    if (run.head && comparePositions(shown, run.head) <= 0) return { kind: 'known' }
    return { kind: run.head && shown.boot === run.head.boot ? 'cloned' : 'reopen' }
  }
  return { kind: run.startHead ? 'rolled back' : 'reopen' }
}
