/** One check: what was looked at, what was found, what is wanted, and how to mend it where it is not. */
export type DoctorLine = {
  readonly state: 'ok' | 'warn' | 'fail'
  readonly what: string
  readonly found: string
  readonly wanted: string
  /** Null when nothing needs mending. */
  readonly mend: string | null
}

/** A check that came out well. */
export function fine(what: string, found: string, wanted: string): DoctorLine {
  return { state: 'ok', what, found, wanted, mend: null }
}

/** A check that did not; `warn` = the agent works, but shows or proves less. */
export function wrong(
  state: 'warn' | 'fail',
  what: string,
  found: string,
  wanted: string,
  mend: string,
): DoctorLine {
  return { state, what, found, wanted, mend }
}

/** The line of a coded error. */
export function failed(what: string, wanted: string, error: unknown): DoctorLine {
  const { code, mend, message, facts } = error as {
    code?: string
    mend?: string
    message?: string
    facts?: Readonly<Record<string, unknown>>
  }
  const shown = Object.entries(facts ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
  const found =
    facts && code ? `${code}${shown.length > 0 ? ` (${shown.join(', ')})` : ''}` : (message ?? String(error))
  return wrong('fail', what, found, wanted, mend ?? 'See the message.')
}
