import type { RawValue, SettingType } from './settingType.ts'

const TIME_UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]
const SIZE_UNITS: readonly (readonly [string, number])[] = [
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
  ['B', 1],
]

/** A span of time such as `10s`, `250ms`, `1h`; the value is in milliseconds. A bare number has no unit and is refused. */
export function duration(range: { minMs: number; maxMs: number }): SettingType<number> {
  return quantity('duration', TIME_UNITS, range.minMs, range.maxMs)
}

/** A size such as `64MiB` or `512KiB`; the value is in bytes. A bare number has no unit and is refused. */
export function size(range: { min: number; max: number }): SettingType<number> {
  return quantity('size', SIZE_UNITS, range.min, range.max)
}

function quantity(
  name: string,
  units: readonly (readonly [string, number])[],
  min: number,
  max: number,
): SettingType<number> {
  const factor = new Map(units)
  const show = (value: number): string => {
    const [unit, by] = units.find(([, each]) => value !== 0 && value % each === 0) ?? units.at(-1) ?? ['', 1]
    return `${value / by}${unit}`
  }
  const accept = (raw: RawValue): number | undefined => {
    const found = typeof raw === 'string' ? /^(\d{1,15})([A-Za-z]+)$/.exec(raw) : null
    const by = factor.get(found?.[2] ?? '')
    if (!found || by === undefined) return undefined
    const value = Number(found[1]) * by
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined
  }
  const words = units.map(([unit]) => unit).reverse()
  return {
    name,
    wanted: `a number with a unit (${words.join(', ')}) from ${show(min)} to ${show(max)}`,
    fromYaml: accept,
    fromText: accept,
    show,
  }
}
