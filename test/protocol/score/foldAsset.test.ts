import t from 'tap'
import { type AssetState, emptyAssetState, type LatchName } from '#protocol/score/assetState'
import { type FoldContext, type FoldResult, foldAsset } from '#protocol/score/foldAsset'
import { REASONS, type ReasonCode } from '#protocol/score/reasons'
import { STATUS } from '#protocol/score/statuses'
import { valueCell } from '#protocol/wire/cell'
import { TRIGGER_NAMES, TRIGGER_STATES } from '#protocol/wire/leafFields'
import {
  BLIND_ROW,
  CONTEXT,
  DC_ROW,
  type EpochShape,
  epoch,
  epochs,
  type Row,
  xid,
} from '../../fixtures/score/epochs.ts'
import { throwsCode } from '../../fixtures/throwsCode.ts'

const HOUR = 6
const DAY = 24 * HOUR
const N0 = 100_000

/** Folds further epochs onto a result, or starts a history. */
class History {
  n = N0
  state: AssetState = emptyAssetState()
  readonly ctx: FoldContext
  constructor(ctx: Partial<FoldContext> = {}) {
    this.ctx = { ...CONTEXT, ...ctx }
  }
  go(count: number, shape: EpochShape = {}, ctx: Partial<FoldContext> = {}): FoldResult {
    const result = foldAsset(this.state, epochs(this.n, count, shape), { ...this.ctx, ...ctx })
    this.n += count
    this.state = result.state
    return result
  }
}

const silent: EpochShape = { rows: [] }
const wires = (...codes: ReasonCode[]) => codes.map((code) => REASONS[code].wire)
const trigger = (result: FoldResult, name: (typeof TRIGGER_NAMES)[number]) =>
  TRIGGER_STATES[result.leafFields.triggers[TRIGGER_NAMES.indexOf(name)] as number]
const latched = (result: FoldResult): LatchName[] => result.state.latches.map(({ name }) => name)

t.test('nothing heard is Unknown, never healthy; a healthy board is capped by what is missing', async (t) => {
  const history = new History()
  const unheard = history.go(3, silent)
  t.equal(unheard.status.status, STATUS.Unknown)
  t.match(unheard.status.why, ['S01', 'S02', 'N01', 'N02', 'N03'])
  t.match(unheard.leafFields, { observedAt: 0, confidenceBp: 0, recoverableValueCents: 0n })
  t.equal(trigger(unheard, 'monitoring'), 'WATCH')
  t.equal(unheard.inputs.hbExpected, null, 'presence is not missed before it began')
  const heard = history.go(3)
  t.equal(heard.status.status, STATUS.Degraded, 'place and performance were never measured')
  t.strictSame(heard.score.notMeasured, ['P', 'G'])
  t.match(heard.inputs, {
    hbExpected: 3,
    hbValid: 3,
    assurance: 4,
    remaps: 0,
    remapFail: false,
    utilBp: 8000,
  })
  t.equal(heard.leafFields.observedAt, (N0 + 5) * 600)
  t.strictSame(heard.leafFields.triggers, [0, 0, 0, 0, 0, 0, 0, 0])
})

t.test('in production a factor never measured keeps the asset Unknown', async (t) => {
  const result = new History({ profile: 'production' }).go(3)
  t.equal(result.status.status, STATUS.Unknown)
  t.strictSame(result.status.why, ['S02', 'N05', 'N07'])
  const low = new History({ profile: 'production', level: 0 }).go(3)
  t.ok(low.status.why.includes('S03'), 'below the level that the feed takes')
})

t.test(
  'silence: Unknown after six hours, monitoring by days of Unknown, loss never beyond PENDING',
  async (t) => {
    const history = new History()
    history.go(DAY)
    t.equal(history.go(6 * HOUR - 1, silent).status.status, STATUS.Degraded)
    const unknown = history.go(1, silent)
    t.equal(unknown.status.status, STATUS.Unknown)
    t.equal(unknown.leafFields.reasons[0], REASONS.S01.wire)
    t.equal(trigger(unknown, 'monitoring'), 'WATCH')
    t.equal(trigger(unknown, 'loss'), 'CLEAR')
    t.equal(trigger(history.go(18 * HOUR, silent), 'loss'), 'WATCH')
    const week = history.go(6 * DAY - 12 * HOUR, silent)
    t.equal(trigger(week, 'monitoring'), 'WATCH')
    const pending = history.go(18 * HOUR, silent)
    t.equal(trigger(pending, 'monitoring'), 'PENDING')
    t.equal(trigger(pending, 'loss'), 'PENDING')
    t.ok(pending.leafFields.reasons.includes(REASONS.M01.wire))
    const confirmed = history.go(7 * DAY, silent)
    t.equal(trigger(confirmed, 'monitoring'), 'CONFIRMED')
    t.ok(confirmed.leafFields.reasons.includes(REASONS.M02.wire))
    const month = history.go(40 * DAY, silent)
    t.equal(trigger(month, 'loss'), 'PENDING', 'only an inspection confirms a loss')
    t.equal(month.status.status, STATUS.Unknown)
    const back = history.go(1)
    t.not(back.status.status, STATUS.Unknown)
    t.strictSame(back.leafFields.triggers, [0, 0, 0, 0, 0, 0, 0, 0])
  },
)

t.test('late samples count for condition, never for presence or freshness', async (t) => {
  const history = new History()
  history.go(6)
  const seen = history.state.observedAtS
  const late = history.go(6 * HOUR, {
    late: true,
    rows: [{ ...DC_ROW, remappedRowsCorrected: valueCell(4), temperatureMarginC: valueCell(1) }],
  })
  t.equal(late.status.status, STATUS.Unknown)
  t.equal(late.state.observedAtS, seen)
  t.match(late.inputs, { hbExpected: 6 + 36, hbValid: 6, remaps: 4 })
  t.ok((late.inputs.hotBp as number) > 8000)
})

t.test('unserved epochs move no clock but keep what they show', async (t) => {
  const history = new History()
  const before = history.go(6)
  const after = history.go(20 * DAY, { rows: [], served: false })
  t.equal(after.status.status, before.status.status)
  t.strictSame({ ...after.state, lastEpoch: 0 }, { ...before.state, lastEpoch: 0 })
  const shown = history.go(1, { served: false, events: [xid(64)] })
  t.strictSame(latched(shown), ['remapFailure'])
  t.equal(shown.inputs.hbExpected, 6)
})

t.test('a site outage pauses the clocks of absence for at most 72 hours in 30 days', async (t) => {
  const history = new History()
  history.go(DAY)
  const outage = history.go(3 * DAY, { rows: [], siteExcused: true })
  t.equal(outage.status.status, STATUS.Unknown, 'excused is still not known')
  t.match(outage.state, { silentUnexcusedS: 0, unknownS: 0, silentS: 3 * 86_400 })
  t.equal(outage.inputs.hoursSinceHb, 0)
  const beyond = history.go(DAY, { rows: [], siteExcused: true })
  t.match(beyond.state, { silentUnexcusedS: 86_400, unknownS: 86_400 })
  t.equal(trigger(beyond, 'loss'), 'WATCH')
})

t.test('memory errors: by XID class, reclassified by a repair, ageing out of their windows', async (t) => {
  const once = (code: number, rows: readonly Row[] = [DC_ROW]) => {
    const history = new History()
    history.go(2)
    history.go(1, { events: [xid(code)], rows })
    return { history, inputs: history.go(1, { rows }).inputs }
  }
  t.match(once(95).inputs, { ueUnmit90: 1, ueUnmit365: 1, ueMit90: 0 })
  t.match(once(94).inputs, { ueUnmit90: 0, ueMit90: 1 })
  t.match(once(74).inputs, { nvlink30: 1 })
  t.match(once(119).inputs, { gsp30: 1 })
  const open = once(48)
  t.match(open.inputs, { ueUnmit90: 1, ueMit90: 0 }, 'no repair yet')
  const repaired = open.history.go(1, { rows: [{ ...DC_ROW, remappedRowsUncorrected: valueCell(1) }] })
  t.match(repaired.inputs, { ueUnmit90: 0, ueMit90: 1, remaps: 1 })
  const late = once(48)
  late.history.go(9 * DAY, { lengthS: 600 })
  t.match(
    late.history.go(1, { rows: [{ ...DC_ROW, remappedRowsUncorrected: valueCell(1) }] }).inputs,
    { ueUnmit90: 1 },
    'a repair after seven days explains nothing',
  )
  const aging = once(95).history
  t.match(aging.go(89 * DAY - 10).inputs, { ueUnmit90: 1 })
  t.match(aging.go(2 * DAY).inputs, { ueUnmit90: 0, ueUnmit365: 1 })
})

t.test('what no repair mends, and the edges of the windows', async (t) => {
  const hard = new History()
  hard.go(2)
  hard.go(1, { events: [xid(95)] })
  const remapped = { rows: [{ ...DC_ROW, remappedRowsUncorrected: valueCell(1) }] }
  t.match(hard.go(1, remapped).inputs, { ueUnmit90: 1, ueMit90: 0 }, 'an uncontained error stays one')
  const edge = new History()
  const first = Math.ceil(N0 / DAY) * DAY
  edge.go(first - N0)
  edge.go(1, { events: [xid(95), xid(74)] })
  t.match(edge.go(30 * DAY - 1).inputs, { nvlink30: 1 }, 'the thirtieth day counts')
  t.match(edge.go(1).inputs, { nvlink30: 0 })
  t.match(edge.go(60 * DAY - 1).inputs, { ueUnmit90: 1 }, 'the ninetieth day counts')
  t.match(edge.go(1).inputs, { ueUnmit90: 0, ueUnmit365: 1 })
  t.match(edge.go(275 * DAY - 1).inputs, { ueUnmit365: 1 }, 'the last day of the year counts')
  t.match(edge.go(1).inputs, { ueUnmit365: 0 })
  const frozen = new History()
  frozen.go(DAY)
  const later = { served: false, events: [xid(95)] }
  frozen.n += 40 * DAY
  t.match(frozen.go(1, later).inputs, { hbExpected: DAY, hbValid: DAY }, 'an unserved epoch moves no window')
})

t.test('counters tell of errors that no XID told of', async (t) => {
  const history = new History()
  history.go(2)
  const risen: Row = { ...DC_ROW, eccUncorrectedAggregateTotal: valueCell(2) }
  t.match(history.go(2, { rows: [risen] }).inputs, { ueUnmit90: 1 }, 'one day with errors')
  const contained = new History()
  contained.go(2)
  contained.go(1, { events: [xid(94)] })
  t.match(
    contained.go(2, { rows: [risen] }).inputs,
    { ueUnmit90: 0, ueMit90: 1 },
    'the XID explains the count',
  )
  const used = new History()
  t.match(
    used.go(1, { rows: [risen] }).inputs,
    { ueUnmit90: 0, ueUnmit365: 1 },
    'errors before the first sample',
  )
  const volatile = new History()
  const only: Row = { ...DC_ROW, eccUncorrectedAggregateTotal: { presence: 'unsupported' } }
  volatile.go(2, { rows: [only] })
  t.match(volatile.go(1, { rows: [{ ...only, eccUncorrectedVolatileTotal: valueCell(1) }] }).inputs, {
    ueUnmit90: 1,
  })
})

t.test('a lifetime counter that falls is a finding at once and tampering in two epochs', async (t) => {
  const history = new History()
  history.go(2)
  const fallen = { rows: [{ ...DC_ROW, eccCorrectedAggregateTotal: valueCell(6) }] }
  const one = history.go(1, fallen)
  t.not(one.status.status, STATUS.Tampered)
  t.ok(one.leafFields.reasons.includes(REASONS.I03.wire))
  const two = history.go(1, fallen)
  t.equal(two.status.status, STATUS.Tampered)
  t.equal(two.leafFields.reasons[0], REASONS.I03.wire)
  t.equal(history.go(30 * DAY, silent).status.status, STATUS.Tampered, 'silence ends nothing')
  const released = history.go(3, fallen, { release: ['rollback'] })
  t.not(released.status.status, STATUS.Tampered)
  t.equal(released.state.lifetime.eccCorrectedAggregateTotal, 6, 'a resolution accepts the counter as it is')
  const within = { rows: [DC_ROW, { ...DC_ROW, eccCorrectedAggregateTotal: valueCell(6) }] }
  t.equal(new History().go(2, within).status.status, STATUS.Tampered, 'also within one epoch')
  const reset = new History()
  reset.go(2, { rows: [{ ...DC_ROW, eccUncorrectedVolatileTotal: valueCell(3) }] })
  t.strictSame(latched(reset.go(5)), [], 'volatile counters start again with the driver')
})

t.test('a fork or an identity conflict is tampering at once', async (t) => {
  const forked = new History()
  forked.go(2)
  const result = forked.go(1, {}, { fork: true })
  t.equal(result.status.status, STATUS.Tampered)
  t.strictSame(result.leafFields.reasons.slice(0, 1), wires('I04'))
  t.equal(forked.go(5).status.status, STATUS.Tampered, 'latched')
  t.not(forked.go(1, {}, { release: ['fork'] }).status.status, STATUS.Tampered)
  const cloned = new History().go(2, {}, { identityConflict: true })
  t.match(cloned, { status: { status: STATUS.Tampered, why: ['I01'] }, leafFields: { scoreBp: 0 } })
  t.equal(
    foldAsset(forked.state, [], { ...CONTEXT, fork: true }).status.status,
    STATUS.Tampered,
    'without an epoch',
  )
})

t.test('hardware gates are Critical until an RMA', async (t) => {
  const cases: [string, EpochShape, LatchName, ReasonCode][] = [
    ['XID 64', { events: [xid(64)] }, 'remapFailure', 'H01'],
    ['remap flag', { rows: [{ ...DC_ROW, remappedRowsFailure: valueCell(1) }] }, 'remapFailure', 'H01'],
    ['event', { events: [{ name: 'remap_failed', detail: [] }] }, 'remapFailure', 'H01'],
    ['SRAM', { rows: [{ ...DC_ROW, eccSramThresholdExceeded: valueCell(1) }] }, 'sramThreshold', 'H10'],
    ['late', { late: true, events: [xid(64)] }, 'remapFailure', 'H01'],
  ]
  for (const [name, shape, latch, reason] of cases) {
    const history = new History()
    history.go(2)
    history.go(1, shape)
    const after = history.go(20 * DAY)
    t.strictSame(latched(after), [latch], name)
    t.match(after.status, { status: STATUS.Critical, why: [reason] })
    t.equal(after.leafFields.reasons[0], REASONS[reason].wire)
    const rma = history.go(3, {}, { generation: 2 })
    t.strictSame(latched(rma), [], `${name}: a new generation starts anew`)
    t.equal(rma.inputs.hbExpected, 3)
  }
  const tampered = new History()
  tampered.go(1, {}, { fork: true })
  t.strictSame(latched(tampered.go(1, {}, { generation: 2 })), ['fork'], 'an RMA does not undo tampering')
})

t.test('a repeated bus drop is Critical; fourteen clean served days end it', async (t) => {
  const history = new History()
  history.go(2)
  const drop = { rows: [], events: [xid(79), { name: 'fell_off_bus' as const, detail: [1] }] }
  t.match(history.go(3, drop).inputs, { xid79_90: 1 }, 'one drop, however often it is reported')
  t.strictSame(latched(history.go(2)), [])
  const again = history.go(1, drop)
  t.match(again.inputs, { xid79_90: 2 })
  t.match(again.status, { status: STATUS.Critical, why: ['H09'] })
  t.equal(history.go(14 * DAY - 1).status.status, STATUS.Critical)
  const healed = history.go(1)
  t.strictSame(latched(healed), [])
  t.equal(healed.score.subscores.H, 2500, 'the score remembers for 90 days')
})

t.test('a hung or absent device under a live agent is Critical after 24 hours', async (t) => {
  const gone = { rows: [BLIND_ROW], agentAlive: true }
  const stuck = new History()
  stuck.go(2)
  stuck.go(1, { ...gone, events: [{ name: 'probe_stuck', detail: [5000] }] })
  t.equal(stuck.go(DAY - 2, gone).status.status, STATUS.Unknown)
  t.match(stuck.go(1, gone).status, { status: STATUS.Critical, why: ['S04'] })
  t.equal(stuck.go(14 * DAY - 1).status.status, STATUS.Critical)
  t.not(stuck.go(1).status.status, STATUS.Critical)
  const relapsing = new History()
  relapsing.go(DAY, gone)
  relapsing.go(10 * DAY)
  relapsing.go(1, { events: [{ name: 'gpu_lost', detail: [15] }] })
  t.equal(relapsing.go(14 * DAY - 1).status.status, STATUS.Critical, 'clean days start again')
  t.not(relapsing.go(1).status.status, STATUS.Critical)
  relapsing.go(DAY, gone)
  relapsing.go(10 * DAY)
  relapsing.go(DAY, gone)
  t.equal(relapsing.go(10 * DAY).status.status, STATUS.Critical, 'absent again for a day: again')
  const absent = new History()
  absent.go(2)
  t.match(absent.go(DAY, gone).status, { status: STATUS.Critical, why: ['S05'] })
  const offline = new History()
  offline.go(2)
  t.equal(
    offline.go(5 * DAY, silent).status.status,
    STATUS.Unknown,
    'nobody is there to say that it is absent',
  )
})

t.test('signals that stop while the device reports become not measured', async (t) => {
  const history = new History()
  history.go(2)
  const hidden: Row = { ...DC_ROW }
  for (const name of Object.keys(hidden)) {
    if (/^(ecc|remapped|retired)/.test(name))
      (hidden as Record<string, unknown>)[name] = { presence: 'error', code: 3 }
  }
  t.match(history.go(DAY - 1, { rows: [hidden] }).inputs, { remaps: 0, remapFail: false })
  const withheld = history.go(1, { rows: [hidden] })
  t.match(withheld.inputs, {
    remaps: null,
    remapFail: null,
    ueUnmit90: null,
    sramThreshold: null,
    unsupported: [],
  })
  t.equal(withheld.status.status, STATUS.Unknown)
  t.ok(withheld.status.why.includes('N03'))
  const asleep = new History()
  asleep.go(2)
  t.match(asleep.go(5 * DAY, silent).inputs, { remaps: 0 }, 'a silent device withholds nothing')
})

t.test('the class and missing counters of a consumer board', async (t) => {
  const { CONSUMER_ROW } = await import('../../fixtures/score/epochs.ts')
  const consumer = new History({ cls: null }).go(3, { rows: [CONSUMER_ROW] })
  t.match(consumer.inputs, { cls: 'consumer', remaps: null, ueUnmit90: null })
  t.equal(consumer.inputs.unsupported.length, 7)
  t.equal(consumer.score.subscores.H, 8500)
  t.notOk(consumer.score.notMeasured.includes('H'))
  const failing = new History({ cls: null })
  failing.go(2, { rows: [CONSUMER_ROW] })
  t.match(failing.go(1, { rows: [CONSUMER_ROW], events: [xid(95)] }).inputs, { ueUnmit90: 1 })
  t.match(new History({ cls: null }).go(1).inputs, { cls: 'dc' })
  const eccOff: Row = {
    ...DC_ROW,
    eccUncorrectedAggregateTotal: { presence: 'unsupported' },
    eccUncorrectedVolatileTotal: { presence: 'unsupported' },
  }
  t.ok(new History().go(2, { rows: [eccOff] }).score.subscores.H < 5000, 'ECC switched off hides errors')
})

t.test('a level stands seven days after its evidence', async (t) => {
  const history = new History({ levelObservedS: N0 * 600 })
  t.equal(history.go(7 * DAY).leafFields.level, 4)
  const expired = history.go(1)
  t.match(expired.leafFields, { level: 0 })
  t.equal(expired.inputs.assurance, 1)
  t.ok(expired.leafFields.reasons.includes(REASONS.A03.wire))
  t.equal(history.go(1, {}, { levelObservedS: history.n * 600 }).leafFields.level, 4, 'renewed')
})

t.test('retirement is final and silences the triggers', async (t) => {
  const history = new History()
  history.go(1, {}, { fork: true })
  const retired = history.go(30 * DAY, silent, { retired: true })
  t.match(retired.status, { status: STATUS.Retired, why: ['S08'] })
  t.strictSame(retired.leafFields.triggers, [0, 0, 0, 0, 0, 0, 0, 0])
})

t.test('an epoch is folded once', async (t) => {
  const { state } = foldAsset(emptyAssetState(), epochs(5, 2), CONTEXT)
  throwsCode(t, () => foldAsset(state, [epoch(6)], CONTEXT), 'PROTO_INPUT', 'folded before')
  throwsCode(t, () => foldAsset(state, [epoch(7), epoch(7)], CONTEXT), 'PROTO_INPUT', 'twice')
})
