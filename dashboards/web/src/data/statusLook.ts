/** How a status looks: a sign beside the word, so that colour is never the only difference. */
export type StatusLook = { readonly sign: string; readonly tone: string; readonly severity: number }

const LOOKS: readonly StatusLook[] = [
  { sign: '?', tone: 'unknown', severity: 3 },
  { sign: '✓', tone: 'healthy', severity: 0 },
  { sign: '▲', tone: 'degraded', severity: 2 },
  { sign: '■', tone: 'critical', severity: 4 },
  { sign: '∅', tone: 'missing', severity: 5 },
  { sign: '⇄', tone: 'relocated', severity: 6 },
  { sign: '✕', tone: 'tampered', severity: 7 },
  { sign: '–', tone: 'retired', severity: 1 },
]

/** The look of a status number; anything unheard of looks Unknown. `severity` orders what needs hands first. */
export function statusLook(code: number): StatusLook {
  return LOOKS[code] ?? (LOOKS[0] as StatusLook)
}

const LEVELS = [
  'self-reported',
  'TPM-held key',
  'measured host',
  'GPU identity',
  'GPU measured',
  'confidential computing',
  'topology',
]

/** "self-reported" … for an assurance level. */
export function levelWords(level: number): string {
  return LEVELS[level] ?? 'unheard of'
}

const FACTORS: Readonly<Record<string, string>> = {
  A: 'authenticity',
  L: 'presence',
  H: 'hardware',
  T: 'thermal',
  P: 'performance',
  U: 'use',
  G: 'location',
  O: 'age',
}

/** A CHS-1 factor in words; anything unheard of as it came. */
export function factorWords(factor: string): string {
  return FACTORS[factor] ?? factor
}
