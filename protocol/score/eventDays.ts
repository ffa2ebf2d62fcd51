import type { AssetState, EventDay } from './assetState.ts'
import type { EpochFacts } from './epochFacts.ts'
import type { Methodology } from './methodologyTypes.ts'

/** Days with findings, as the inputs of the hazard model count them. */
export type DayCounts = {
  readonly ueUnmit90: number
  readonly ueUnmit365: number
  readonly ueMit90: number
  readonly xid79_90: number
  readonly nvlink30: number
  readonly gsp30: number
}

/** The XIDs of an epoch by what they mean; codes without an effect are dropped. */
export type XidFindings = Readonly<Record<keyof Methodology['xid'], boolean>>

/** What the XID events of an epoch mean. Applications' XIDs are in no list and change nothing. */
export function xidFindings(facts: EpochFacts, { xid }: Methodology): XidFindings {
  const codes = facts.events.filter((event) => event.name === 'xid').map((event) => event.detail[0])
  const any = (list: readonly number[]) => codes.some((code) => code !== undefined && list.includes(code))
  return {
    mitigated: any(xid.mitigated),
    unmitigated: any(xid.unmitigated),
    open: any(xid.open),
    remapFailure: any(xid.remapFailure),
    busDrop: any(xid.busDrop) || facts.events.some((event) => event.name === 'fell_off_bus'),
    link: any(xid.link),
    firmware: any(xid.firmware),
  }
}

/** The row of a day, made when it is the first finding there. A served epoch forgets days beyond the long window. */
export function dayOf(state: AssetState, facts: EpochFacts, { windows }: Methodology): EventDay {
  const at = Math.floor(facts.startS / windows.eventDayS)
  if (facts.served && (state.days[0]?.day ?? at) <= at - windows.longDays) {
    state.days = state.days.filter(({ day }) => day > at - windows.longDays)
  }
  let row = state.days.at(-1)
  if (row?.day !== at) {
    row = { day: at, hard: 0, open: 0, mitigated: 0, bus: 0, link: 0, firmware: 0, prior: 0 }
    state.days.push(row)
  }
  return row
}

/** A successful repair turns the errors that still waited for one into mitigated ones. */
export function reclassify(state: AssetState, facts: EpochFacts, { windows }: Methodology): void {
  const from = Math.floor((facts.startS - windows.reclassS) / windows.eventDayS)
  for (const row of state.days) {
    if (row.day < from || row.open === 0) continue
    row.open = 0
    row.mitigated = 1
  }
}

/** Counts days within the windows that end at `nowS`; the current day is the newest of each window. */
export function dayCounts(days: readonly EventDay[], nowS: number, { windows }: Methodology): DayCounts {
  const today = Math.floor(Math.max(0, nowS - 1) / windows.eventDayS)
  const counts = { ueUnmit90: 0, ueUnmit365: 0, ueMit90: 0, xid79_90: 0, nvlink30: 0, gsp30: 0 }
  for (const row of days) {
    const age = today - row.day
    const unmitigated = row.hard | row.open
    if (age < windows.longDays) counts.ueUnmit365 += unmitigated | row.prior
    if (age < windows.midDays) {
      counts.ueUnmit90 += unmitigated
      counts.ueMit90 += row.mitigated
      counts.xid79_90 += row.bus
    }
    if (age < windows.shortDays) {
      counts.nvlink30 += row.link
      counts.gsp30 += row.firmware
    }
  }
  return counts
}
