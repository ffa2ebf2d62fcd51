/** One message of the kernel log, from whichever form it was in. */
export type KernelLine = {
  /** Syslog priority with facility; null where the form has none. */
  readonly priority: number | null
  readonly seq: number | null
  /** Microseconds since the host started. */
  readonly sinceBootUs: number | null
  /** Unix time where the form has a date; dates without a zone are taken as UTC. */
  readonly atMs: number | null
  readonly text: string
}

const FACILITIES: readonly string[] = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
]
const LEVELS: readonly string[] = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug']

const RECORD = /^(\d{1,10}),(\d{1,20}),(\d{1,20}),[^;]*;(.*)$/s
const DECODED =
  /^([a-z]+)\s*:([a-z]+)\s*:\s*(?:\[\s*\d+\.\d+\]\s*|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[.,](\d{3})\d*(Z|[+-]\d\d:?\d\d)?\s+)?(.*)$/
const BRACKET = /^(?:<(\d{1,10})>)?\s*(?:\[\s*([^\]]*?)\s*\]\s*)?(.*)$/

const NOTHING = { priority: null, seq: null, sinceBootUs: null, atMs: null }

/** Reads the number that a bracket holds: seconds since boot, a date as `dmesg -T` writes it, or neither. */
function stamp(text: string | undefined): {
  readonly sinceBootUs: number | null
  readonly atMs: number | null
} {
  if (text === undefined) return { sinceBootUs: null, atMs: null }
  if (/^\d+\.\d+$/.test(text)) return { sinceBootUs: Math.round(Number(text) * 1e6), atMs: null }
  const date = /^[A-Z][a-z]{2} +[A-Z][a-z]{2} +\d+ +[\d:]+ +\d{4}$/.test(text)
    ? Date.parse(`${text} UTC`)
    : Number.NaN
  return { sinceBootUs: null, atMs: Number.isNaN(date) ? null : date }
}

/**
 * Reads one line of a kernel log: a record of /dev/kmsg (`prio,seq,usec,flags;text`), `dmesg -x` (`kern  :warn  : …`),
 * `dmesg`, `dmesg -T`, pstore (`<6>[ 1.0] …`) or a bare message. Continuation lines of a record give null.
 */
export function kernelLine(line: string): KernelLine | null {
  if (line === '' || line.startsWith(' ')) return null
  const record = RECORD.exec(line)
  if (record !== null) {
    const [, priority, seq, us, text = ''] = record
    return {
      priority: Number(priority),
      seq: Number(seq),
      sinceBootUs: Number(us),
      atMs: null,
      text: text.split('\n')[0] ?? '',
    }
  }
  const decoded = DECODED.exec(line)
  const facility = decoded === null ? -1 : FACILITIES.indexOf(decoded[1] ?? '')
  const level = decoded === null ? -1 : LEVELS.indexOf(decoded[2] ?? '')
  if (decoded !== null && level >= 0) {
    const [, , , date, ms, zone = 'Z', text = ''] = decoded
    const at = date === undefined ? Number.NaN : Date.parse(`${date}.${ms}${zone}`)
    // An unknown facility is not the kernel's.
    const priority = (facility < 0 ? 31 : facility) * 8 + level
    return { ...NOTHING, priority, atMs: Number.isNaN(at) ? null : at, text }
  }
  const [, priority, bracket, text = ''] = BRACKET.exec(line) ?? []
  return { ...NOTHING, ...stamp(bracket), priority: priority === undefined ? null : Number(priority), text }
}
