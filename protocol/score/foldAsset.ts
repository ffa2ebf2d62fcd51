import { protoError } from '../protoErrors.ts'
import { type AssetState, copyAssetState, emptyAssetState } from './assetState.ts'
import { addConditions, bucketOf, hasConditions, windowSums } from './buckets.ts'
import { type ScoreResult, scoreChs1 } from './chs1.ts'
import { chs1Numbers } from './chs1Numbers.ts'
import { debounce } from './debounce.ts'
import type { EpochFacts } from './epochFacts.ts'
import type { FoldContext } from './foldContext.ts'
import { foldHardware } from './foldHardware.ts'
import { foldInputs } from './foldInputs.ts'
import { type LeafFields, leafFields } from './foldLeaf.ts'
import { afterRma, countClean, isLatched, latch, release } from './latches.ts'
import type { Factor } from './methodologyTypes.ts'
import type { ScoreInput } from './scoreInput.ts'
import { type StatusResult, status, unknownWhy } from './status.ts'

export type { FoldContext, LeafFields }

export type FoldResult = {
  readonly state: AssetState
  readonly inputs: ScoreInput
  readonly score: ScoreResult
  readonly status: StatusResult
  readonly leafFields: LeafFields
}

/**
 * Folds the existing epochs since the parent over an asset's state and gives its inputs, score, status and leaf
 * (PROTOCOL §6.6, §7). Pure: no clock, no randomness, the arguments stay as they are; folding [a, b, c] at once equals
 * folding [a] and then [b, c] under the same context. Readings of every existing epoch count for condition and
 * lifetime maxima; clocks, presence and debounce move in served epochs only.
 * @throws AssayError PROTO_INPUT when an epoch is given twice or was folded before
 */
export function foldAsset(state: AssetState, epochs: readonly EpochFacts[], ctx: FoldContext): FoldResult {
  const draft = startOf(state, ctx)
  const ordered = [...epochs].sort((a, b) => a.n - b.n)
  applyContext(draft, ordered[0]?.startS ?? draft.nowS, ctx)
  for (const facts of ordered) {
    if (facts.n <= draft.lastEpoch) {
      throw protoError('PROTO_INPUT', {
        field: 'epochs',
        found: `epoch ${facts.n}`,
        wanted: `after ${draft.lastEpoch}`,
      })
    }
    foldEpoch(draft, facts, ctx)
    draft.lastEpoch = facts.n
  }
  const level = levelInForce(draft, ctx)
  const inputs = foldInputs(draft, ctx, level)
  const score = scoreChs1(inputs, ctx.methodology, ctx.profile)
  const facts = { ...statusFacts(level, score.notMeasured, ctx), scoreBp: score.score }
  const result = status(facts, draft, ctx.methodology)
  const unknown = unknownWhy(facts, draft, ctx.methodology).length > 0
  return {
    state: draft,
    inputs,
    score,
    status: result,
    leafFields: leafFields(draft, score, result, level, unknown, ctx),
  }
}

function startOf(state: AssetState, ctx: FoldContext): AssetState {
  if (state.generation === ctx.generation || state.lastEpoch < 0) {
    return { ...copyAssetState(state), generation: ctx.generation }
  }
  return {
    ...emptyAssetState(),
    generation: ctx.generation,
    lastEpoch: state.lastEpoch,
    nowS: state.nowS,
    latches: afterRma(state),
  }
}

function applyContext(draft: AssetState, nowS: number, ctx: FoldContext): void {
  if (ctx.release) release(draft, ctx.release)
  if (ctx.fork && !isLatched(draft, 'fork')) latch(draft, 'fork', nowS)
  if (ctx.identityConflict && !isLatched(draft, 'identity')) latch(draft, 'identity', nowS)
  if (ctx.levelObservedS !== null && ctx.levelObservedS > draft.levelObservedS) {
    draft.levelObservedS = ctx.levelObservedS
    draft.levelAgeS = 0
  }
}

function foldEpoch(draft: AssetState, facts: EpochFacts, ctx: FoldContext): void {
  const { methodology } = ctx
  const { status: rule } = methodology
  const endS = facts.startS + facts.lengthS
  const fresh = facts.samples.fresh > 0
  if (facts.served) draft.nowS = endS
  const excused = facts.served && !fresh && mayExcuse(draft, facts, ctx)
  const found = foldHardware(draft, facts, methodology)
  foldPresence(draft, facts, excused, ctx)
  if (draft.rollbackEpochs >= rule.rollbackEpochs) latchOnce(draft, 'rollback', endS)
  if (draft.signals.remapFail.flag === 1) latchOnce(draft, 'remapFailure', endS)
  if (draft.signals.sram.flag === 1) latchOnce(draft, 'sramThreshold', endS)
  foldClocks(draft, facts, excused)
  const relapse = foldDevice(draft, facts, found.busDrop, ctx)
  if (!facts.served) return
  if (fresh && !relapse) countClean(draft, facts.lengthS, rule.cleanS)
  if (ctx.levelObservedS !== null && facts.startS >= draft.levelObservedS) draft.levelAgeS += facts.lengthS
  const level = levelInForce(draft, ctx)
  const numbers = chs1Numbers(foldInputs(draft, ctx, level), methodology, ctx.profile)
  const known = unknownWhy(statusFacts(level, numbers.notMeasured, ctx), draft, methodology).length === 0
  if (known) draft.unknownS = 0
  else if (!excused) draft.unknownS += facts.lengthS
  debounce(draft, numbers.score, known, methodology)
}

/** A site outage pauses the clocks of absence up to its allowance within the window. */
function mayExcuse(draft: AssetState, facts: EpochFacts, { methodology }: FoldContext): boolean {
  if (!facts.siteExcused) return false
  bucketOf(draft, facts, methodology)
  return windowSums(draft.buckets).excusedS + facts.lengthS <= methodology.monitoring.excusedMostS
}

function foldPresence(draft: AssetState, facts: EpochFacts, excused: boolean, ctx: FoldContext): void {
  if (!facts.served && !hasConditions(facts)) return
  const bucket = bucketOf(draft, facts, ctx.methodology)
  addConditions(bucket, facts)
  if (!facts.served) return
  if (excused) bucket.excusedS += facts.lengthS
  const fresh = facts.samples.fresh > 0
  // before the first sample there is no presence to miss: the asset is Unknown, not absent
  if (!fresh && draft.observedAtS === 0) return
  bucket.expected++
  if (fresh) bucket.answered++
  else if (excused) bucket.excused++
}

function foldClocks(draft: AssetState, facts: EpochFacts, excused: boolean): void {
  if (facts.samples.fresh > 0) {
    draft.observedAtS = Math.max(draft.observedAtS, facts.lastFreshS)
    draft.silentS = 0
    draft.silentUnexcusedS = 0
    draft.absentS = 0
    return
  }
  if (!facts.served) return
  draft.silentS += facts.lengthS
  if (!excused) draft.silentUnexcusedS += facts.lengthS
  if (facts.agentAlive) draft.absentS += facts.lengthS
}

/** Bus drops, hung and absent devices; true when something of that kind happened in this epoch. */
function foldDevice(draft: AssetState, facts: EpochFacts, busDrop: boolean, ctx: FoldContext): boolean {
  const { status: rule, hazard } = ctx.methodology
  const endS = facts.startS + facts.lengthS
  const hung = facts.events.some(({ name }) => name === 'probe_stuck')
  const lost = facts.events.some(({ name }) => name === 'gpu_lost')
  if (hung) draft.stuck = 1
  else if (facts.samples.fresh > 0) draft.stuck = 0
  if (busDrop) {
    const drops = draft.days.reduce((sum, day) => sum + (inMidWindow(day.day, facts, ctx) ? day.bus : 0), 0)
    const repeated = hazard.gates.find((gate) => gate.field === 'xid79_90')?.at ?? Number.POSITIVE_INFINITY
    if (drops >= repeated) latch(draft, 'busDrop', endS)
  }
  if (draft.absentS >= rule.absentS) latch(draft, draft.stuck === 1 ? 'stuck' : 'absent', endS)
  const relapse = busDrop || hung || lost
  if (relapse) for (const item of draft.latches) item.cleanS = 0
  return relapse
}

function inMidWindow(day: number, facts: EpochFacts, { methodology }: FoldContext): boolean {
  const { eventDayS, midDays } = methodology.windows
  return Math.floor(facts.startS / eventDayS) - day < midDays
}

function latchOnce(draft: AssetState, name: Parameters<typeof latch>[1], sinceS: number): void {
  if (!isLatched(draft, name)) latch(draft, name, sinceS)
}

/** The level reached, or 0 when its evidence is older than the methodology lets it stand. */
function levelInForce(state: AssetState, ctx: FoldContext): number {
  if (ctx.levelObservedS === null) return ctx.level
  return state.levelAgeS <= ctx.methodology.status.levelTtlS ? ctx.level : 0
}

function statusFacts(level: number, notMeasured: readonly Factor[], ctx: FoldContext) {
  const { mandatory, minLevel } = ctx.methodology.profiles[ctx.profile]
  return {
    retired: ctx.retired,
    level,
    minLevel,
    missing: notMeasured.filter((factor) => mandatory.includes(factor)),
  }
}
