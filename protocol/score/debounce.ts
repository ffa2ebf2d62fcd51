import type { AssetState } from './assetState.ts'
import type { Methodology } from './methodologyTypes.ts'

/** Status 1 Healthy, 2 Degraded or 3 Critical of a score, by the thresholds alone. */
export function rawClass(score: number, { status }: Methodology): 1 | 2 | 3 {
  if (score < status.critical) return 3
  return score < status.degraded ? 2 : 1
}

/**
 * Takes the score of one served epoch into the debounced status (PROTOCOL §7): the first score counts raw; worse after
 * three epochs in a row below threshold - 100, better after three above threshold + 200. Of a run, the mildest change
 * that all its epochs support is made. While the asset is Unknown (`known` false) it can only get worse.
 */
export function debounce(state: AssetState, score: number, known: boolean, methodology: Methodology): void {
  const { worseMargin, betterMargin, debounceEpochs } = methodology.status
  if (state.shown === 0) {
    if (known) state.shown = rawClass(score, methodology)
    return
  }
  const worse = rawClass(score + worseMargin, methodology)
  if (worse > state.shown) {
    state.worseTo = state.worseRun === 0 ? worse : Math.min(state.worseTo, worse)
    state.worseRun++
  } else clearWorse(state)
  const better = rawClass(score - betterMargin - 1, methodology)
  if (known && better < state.shown) {
    state.betterTo = state.betterRun === 0 ? better : Math.max(state.betterTo, better)
    state.betterRun++
  } else clearBetter(state)
  if (state.worseRun >= debounceEpochs) state.shown = state.worseTo as 1 | 2 | 3
  else if (state.betterRun >= debounceEpochs) state.shown = state.betterTo as 1 | 2 | 3
  else return
  clearWorse(state)
  clearBetter(state)
}

function clearWorse(state: AssetState): void {
  state.worseRun = 0
  state.worseTo = 0
}

function clearBetter(state: AssetState): void {
  state.betterRun = 0
  state.betterTo = 0
}
