/** One check of a file. `ok` null: nothing here contradicts it and nothing here proves it; `detail` says why. */
export type FileCheck = { readonly check: string; readonly ok: boolean | null; readonly detail: string }

/** What a check found; `value` is what later checks build on. */
export type Finding<T> = { readonly value: T; readonly detail: string; readonly unproven?: boolean }

/** Runs one named check and gives its value; ends the verification when the check throws. */
export type RunCheck = <T>(check: string, act: () => Finding<T>) => T

/** Thrown inside a check: the sentence says what was found and what was wanted. */
export class CheckFailure extends Error {}

/** Ends a verification after a failed check: what builds on it is not checked. */
export class CheckStop extends Error {}

/** A list of checks and the function that adds to it. */
export function checkList(): { checks: FileCheck[]; run: RunCheck } {
  const checks: FileCheck[] = []
  return {
    checks,
    run(check, act) {
      try {
        const { value, detail, unproven } = act()
        checks.push({ check, ok: unproven ? null : true, detail })
        return value
      } catch (error) {
        // Whatever a file makes a check throw, the check does not hold.
        checks.push({ check, ok: false, detail: (error as Error).message })
        throw new CheckStop(check)
      }
    },
  }
}
