import type { Hazard } from './hazard.ts'
import { interp } from './interp.ts'
import type { Factor, Methodology } from './methodologyTypes.ts'
import type { ReasonCode } from './reasons.ts'
import type { Resolved } from './scoreInput.ts'

/** One factor: its sub-score (0 … 10000) and the reason that names what it lost most by. */
export type Subscore = { readonly value: number; readonly reason: ReasonCode }

/** The eight sub-scores of CHS-1 from inputs without nulls. */
export function subscoresOf(
  values: Resolved,
  hazard: Hazard,
  methodology: Methodology,
): Readonly<Record<Factor, Subscore>> {
  return {
    A: { value: methodology.authenticity.subscore[values.assurance] as number, reason: 'A02' },
    L: presence(values, methodology),
    H: { value: hazard.subscore, reason: hazard.reason },
    T: thermal(values, methodology),
    P: performance(values, methodology),
    U: use(values, methodology),
    G: geography(values, methodology),
    O: { value: interp(methodology.obsolescence.months, values.monthsSinceLaunch), reason: 'O01' },
  }
}

function presence(values: Resolved, { presence: rule }: Methodology): Subscore {
  const allowed = Math.floor((values.hbExpected * rule.excusedMostBp) / 10_000)
  const asked = values.hbExpected - Math.min(values.hbExcused, allowed)
  const upBp = asked <= 0 ? 0 : Math.min(10_000, Math.floor((values.hbValid * 10_000) / asked))
  const up = interp(rule.up, upBp)
  const gap = interp(rule.gapHours, values.hoursSinceHb)
  const rate = values.hbExcused > allowed ? 'L03' : 'L02'
  return { value: Math.floor((up * gap) / 10_000), reason: gap <= up ? 'L01' : rate }
}

function thermal(values: Resolved, { thermal: rule }: Methodology): Subscore {
  const hot = interp(rule.hot, values.hotBp)
  const slow = interp(rule.slow, values.slowBp)
  return hot <= slow ? { value: hot, reason: 'T01' } : { value: slow, reason: 'T02' }
}

function performance(values: Resolved, { performance: rule }: Methodology): Subscore {
  const ratio = interp(rule.ratio, values.perfBp)
  const stale = interp(rule.staleDays, values.perfAgeDays)
  return stale < ratio ? { value: stale, reason: 'P03' } : { value: ratio, reason: 'P01' }
}

function use(values: Resolved, { use: rule }: Methodology): Subscore {
  const paid = interp(rule.paid, values.utilBp)
  return !values.incomeVerified && paid > rule.unverifiedCap
    ? { value: rule.unverifiedCap, reason: 'U02' }
    : { value: paid, reason: 'U01' }
}

function geography(values: Resolved, { geography: rule }: Methodology): Subscore {
  if (values.loc === 'OUT') return { value: 0, reason: 'G03' }
  const fresh = interp(rule.days, values.locAgeDays)
  return values.loc === 'SUSPECT'
    ? { value: Math.min(fresh, rule.suspectCap), reason: 'G02' }
    : { value: fresh, reason: 'G01' }
}
