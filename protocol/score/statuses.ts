/** Status of an asset (PROTOCOL §7). Unknown is the default; it is neither healthy nor a default of a loan. */
export const STATUS = {
  Unknown: 0,
  Healthy: 1,
  Degraded: 2,
  Critical: 3,
  Missing: 4,
  Relocated: 5,
  Tampered: 6,
  Retired: 7,
} as const

export type StatusName = keyof typeof STATUS
export type Status = (typeof STATUS)[StatusName]

const NAMES = Object.keys(STATUS) as StatusName[]

/** The name of a status number; anything outside 0 … 7 reads as Unknown. */
export function statusName(status: number): StatusName {
  return NAMES.find((name) => STATUS[name] === status) ?? 'Unknown'
}
