import { TRIGGER_NAMES, TRIGGER_STATES } from '../wire/leafFields.ts'
import type { AssetState } from './assetState.ts'
import type { Methodology } from './methodologyTypes.ts'

type TriggerState = (typeof TRIGGER_STATES)[number]

/**
 * The trigger states of a leaf. Monitoring follows served, unexcused seconds of Unknown; loss follows silence and never
 * passes PENDING, because it is confirmed by an inspection only. The other policies have no inputs here: CLEAR.
 */
export function foldTriggers(
  state: AssetState,
  unknown: boolean,
  retired: boolean,
  { monitoring, loss }: Methodology,
): number[] {
  const states = TRIGGER_NAMES.map(() => 0)
  if (retired) return states
  const set = (name: (typeof TRIGGER_NAMES)[number], value: TriggerState) => {
    states[TRIGGER_NAMES.indexOf(name)] = TRIGGER_STATES.indexOf(value)
  }
  if (unknown) {
    const { unknownS } = state
    set(
      'monitoring',
      unknownS >= monitoring.confirmedS ? 'CONFIRMED' : unknownS >= monitoring.pendingS ? 'PENDING' : 'WATCH',
    )
  }
  if (state.observedAtS > 0 && state.silentUnexcusedS >= loss.watchS) {
    set('loss', state.silentUnexcusedS >= loss.pendingS ? 'PENDING' : 'WATCH')
  }
  return states
}
