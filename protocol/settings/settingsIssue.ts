/** One thing that is wrong; `place` is `file:line:column` or the name of an environment variable. */
export type SettingsIssue = {
  readonly place: string
  readonly path: string
  readonly found: string
  readonly wanted: string
  readonly mend: string
}
