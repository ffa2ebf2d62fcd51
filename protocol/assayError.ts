/** What a coded error says in every case: the rows of the tables that also generate `docs/errors.md`. */
export type ErrorRow = {
  /** One sentence: what went wrong. */
  readonly what: string
  /** One sentence: how the reader mends it. */
  readonly mend: string
}

/** Values that belong to one occurrence of an error, shown after its sentence. */
export type ErrorFacts = Readonly<Record<string, string | number | bigint | boolean | null | undefined>>

/**
 * An error with a stable code (`PROTO_…`, `AGENT_…`, `ORACLE_…`), the facts of this occurrence and the way to mend it.
 * Code decides on `code`, people read `message`.
 */
export class AssayError extends Error {
  readonly code: string
  readonly facts: ErrorFacts
  readonly mend: string

  constructor(code: string, row: ErrorRow, facts: ErrorFacts = {}, cause?: unknown) {
    const shown = Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}`)
    super(`${code}: ${row.what}${shown.length > 0 ? ` (${shown.join(', ')})` : ''}. ${row.mend}`, { cause })
    this.name = 'AssayError'
    this.code = code
    this.facts = facts
    this.mend = row.mend
  }
}
