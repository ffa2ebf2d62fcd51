import { probeError } from '../probeErrors.ts'

/** One sample of the Prometheus text format. `text` is the number as written: 64-bit integers survive only there. */
export type PromSample = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly text: string
}

export type PromPage = {
  readonly samples: readonly PromSample[]
  /** HELP text per metric name. */
  readonly help: ReadonlyMap<string, string>
  /** Lines that are neither a comment nor a sample, by number. */
  readonly bad: readonly { readonly line: number; readonly text: string }[]
}

const MOST_BYTES = 16 * 1024 * 1024

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?[ \t]*$/
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[Ii]nf|NaN)$/
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/y

function parseLabels(text: string): Record<string, string> | null {
  const labels: [string, string][] = []
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text)
    if (match === null) return null
    const [, name = '', raw = ''] = match
    labels.push([name, raw.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))])
  }
  return Object.fromEntries(labels)
}

function parseNumber(text: string): number | null {
  if (!NUMBER.test(text)) return null
  if (/inf$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return text.endsWith('NaN') ? Number.NaN : Number(text)
}

/**
 * Parses the Prometheus text exposition format 0.0.4. A line that is not in the format is reported, not guessed.
 * @throws AssayError AGENT_PROBE_LIMIT, or AGENT_PROBE_FORMAT when not one sample could be read
 */
export function parsePrometheus(page: string, from: string): PromPage {
  if (page.length > MOST_BYTES)
    throw probeError('AGENT_PROBE_LIMIT', { from, bytes: page.length, most: MOST_BYTES })
  const samples: PromSample[] = []
  const help = new Map<string, string>()
  const bad: { line: number; text: string }[] = []
  page.split('\n').forEach((raw, i) => {
    const line = raw.trim()
    if (line === '') return
    if (line.startsWith('#')) {
      const match = /^# HELP (\S+) (.*)$/.exec(line)
      if (match !== null) help.set(match[1] ?? '', match[2] ?? '')
      return
    }
    const [, name, inner, text = ''] = SAMPLE.exec(line) ?? []
    const labels = parseLabels(inner ?? '')
    const value = parseNumber(text)
    if (name === undefined || labels === null || value === null)
      bad.push({ line: i + 1, text: line.slice(0, 80) })
    else samples.push({ name, labels, value, text })
  })
  if (samples.length === 0) {
    throw probeError('AGENT_PROBE_FORMAT', {
      from,
      wanted: 'Prometheus text',
      found: bad[0]?.text ?? 'an empty page',
    })
  }
  return { samples, help, bad }
}
