import { type AssetState, LATCHES, type LatchName } from './assetState.ts'

/** Latches that fourteen clean served days end; the others need a resolution, consent, an inspection or an RMA. */
const HEALING: readonly LatchName[] = ['busDrop', 'stuck', 'absent']

/** Latches that an RMA leaves standing: they speak of the operator, not of the replaced board. */
const SURVIVES_RMA: readonly LatchName[] = ['fork', 'rollback', 'identity', 'relocated', 'missing']

/** Whether a finding stands. */
export function isLatched(state: Pick<AssetState, 'latches'>, name: LatchName): boolean {
  return state.latches.some((latch) => latch.name === name)
}

/** Records a finding; one that stands already keeps its time, and its clean days start again. */
export function latch(state: AssetState, name: LatchName, sinceS: number): void {
  const standing = state.latches.find((item) => item.name === name)
  if (standing) {
    standing.cleanS = 0
    return
  }
  state.latches.push({ name, sinceS, cleanS: 0 })
  state.latches.sort((a, b) => LATCHES.indexOf(a.name) - LATCHES.indexOf(b.name))
}

/** Ends findings by a signed resolution. A resolved rollback accepts the counters as they are now. */
export function release(state: AssetState, names: readonly LatchName[]): void {
  if (names.includes('rollback') && isLatched(state, 'rollback')) {
    state.rollbackEpochs = 0
    state.lifetime = {}
  }
  state.latches = state.latches.filter(({ name }) => !names.includes(name))
}

/** The findings that a replaced board inherits. */
export function afterRma(state: AssetState): AssetState['latches'] {
  return state.latches.filter(({ name }) => SURVIVES_RMA.includes(name))
}

/** Counts a served epoch with fresh samples and without relapse; healing findings end after `cleanS` of them. */
export function countClean(state: AssetState, lengthS: number, cleanS: number): void {
  for (const item of state.latches) if (HEALING.includes(item.name)) item.cleanS += lengthS
  state.latches = state.latches.filter((item) => !HEALING.includes(item.name) || item.cleanS < cleanS)
}
