/** The checks of an asset proof, in the order in which they are listed. */
export const VERIFY_STEPS = [
  'shape',
  'header',
  'segment',
  'roster',
  'quorum',
  'ackLists',
  'merkle',
  'leaf',
  'admission',
  'shown',
  'reading',
  'transaction',
] as const
export type StepName = (typeof VERIFY_STEPS)[number]

/** One check. `ok` null: nothing here contradicts it, and nothing here proves it; `detail` says why. */
export type VerifyStep = { readonly name: StepName; readonly ok: boolean | null; readonly detail: string }

/** What a check found: `value` is what later checks may build on. */
export type Outcome<T> = { readonly value: T; readonly detail: string; readonly unproven?: true }

/** Thrown inside a check: the sentence says what was found and what was wanted. */
export class StepFailure extends Error {}

/** Runs checks one after the other and keeps what each found. */
export type StepRunner = {
  readonly steps: VerifyStep[]
  /**
   * Runs one check. Gives its value, or undefined when it failed or when something it builds on has no value (`needs`:
   * name of the earlier check and its value); the latter is listed as not checked, never as passed.
   */
  run<T>(
    name: StepName,
    needs: readonly (readonly [StepName, unknown])[],
    check: () => Outcome<T>,
  ): T | undefined
}

/** A runner without steps yet. */
export function stepRunner(): StepRunner {
  const steps: VerifyStep[] = []
  return {
    steps,
    run(name, needs, check) {
      const missing = needs.find(([, value]) => value === undefined || value === null)
      if (missing) {
        steps.push({
          name,
          ok: null,
          detail: `not checked, because "${missing[0]}" does not hold or shows nothing`,
        })
        return undefined
      }
      try {
        const { value, detail, unproven } = check()
        steps.push({ name, ok: unproven ? null : true, detail })
        return value
      } catch (error) {
        steps.push({ name, ok: false, detail: (error as Error).message })
        return undefined
      }
    },
  }
}
