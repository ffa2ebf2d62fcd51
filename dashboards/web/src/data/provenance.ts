import type { AssetView } from '#protocol/http/assetView'
import type { StepName } from '#protocol/verify/verifySteps'
import type { Check } from './checks.ts'

/** Who vouches for a number: this browser checked it, a check failed, the node says so, or nobody signed it. */
export type SignatureState = 'verified' | 'failed' | 'server' | 'unsigned'

/** The state in words, as shown and read out. */
export const STATE_WORDS: Readonly<Record<SignatureState, string>> = {
  verified: 'verified in this browser',
  failed: 'check failed in this browser',
  server: 'the node says so',
  unsigned: 'unsigned',
}

const LEAF_STEPS: readonly StepName[] = ['shape', 'roster', 'quorum', 'merkle', 'leaf', 'shown']
const READING_STEPS: readonly StepName[] = ['shape', 'header', 'reading']

/** State of the numbers of the round: score, status, level, confidence, reasons, triggers. */
export function leafState(asset: AssetView, check: Check | undefined): SignatureState {
  if (asset.round === null) return 'unsigned'
  if (!check || leafKey(check.shown) !== leafKey(asset)) return 'server'
  return stateOf(check, LEAF_STEPS)
}

/** State of the newest readings. */
export function readingState(asset: AssetView, check: Check | undefined): SignatureState {
  if (!asset.latest || asset.latest.signature === 'none') return 'unsigned'
  if (!check || check.shown.latest?.headerHash !== asset.latest.headerHash) return 'server'
  if (JSON.stringify(check.shown.latest.metrics) !== JSON.stringify(asset.latest.metrics)) return 'server'
  return stateOf(check, READING_STEPS)
}

function stateOf(check: Check, names: readonly StepName[]): SignatureState {
  const steps = check.result.steps.filter((step) => names.includes(step.name))
  if (steps.some((step) => step.ok === false)) return 'failed'
  const proven = names.every((name) => steps.some((step) => step.name === name && step.ok === true))
  return proven ? 'verified' : 'server'
}

function leafKey(asset: AssetView): string {
  const { round, status, scoreBp, level, confidenceBp, reasons, triggers, observedAt } = asset
  const { recoverableValueCents, tokenId, generation } = asset
  return JSON.stringify([
    [round, status.code, scoreBp, level, confidenceBp, observedAt],
    [reasons.map((reason) => reason.code), triggers, recoverableValueCents, tokenId, generation],
  ])
}
