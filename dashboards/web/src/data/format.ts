/** 5500 → "5 500": groups of three with a narrow no-break space, as SI writes numbers; `digits` after the point. */
export function grouped(value: number, digits = 0): string {
  const [whole = '', part] = value.toFixed(digits).split('.')
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f')
  return part === undefined ? spaced : `${spaced}.${part}`
}

/** Bytes in the largest binary unit that keeps three figures. */
export function bytesText(bytes: number): { value: string; unit: string } {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let at = 0
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024
    at++
  }
  return { value: value.toFixed(value >= 100 || at === 0 ? 0 : 1), unit: units[at] as string }
}

/** A duration in its largest unit: "now", "12 s", "3 min", "5 h", "9 d". */
export function durationText(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s < 1) return 'now'
  if (s < 120) return `${s} s`
  if (s < 7200) return `${Math.floor(s / 60)} min`
  if (s < 172_800) return `${Math.floor(s / 3600)} h`
  return `${Math.floor(s / 86_400)} d`
}

/** "2026-11-21 07:30:10 UTC" */
export function utcText(ms: number): string {
  return `${new Date(ms).toISOString().replace('T', ' ').slice(0, 19)} UTC`
}

/** "0x1234…cdef", also for ids without 0x. */
export function shortId(id: string, head = 6): string {
  const bare = id.startsWith('0x') ? 2 : 0
  return id.length <= bare + head + 4 ? id : `${id.slice(0, bare + head)}…${id.slice(-4)}`
}
