import { type ScheduledTask, schedule } from 'node-cron'

/** One piece of periodic work; it must not throw. */
export type PeriodicWork = {
  readonly name: string
  /** Cron expression in local time. */
  readonly at: string
  readonly run: () => Promise<void>
}

/** Work on a timetable, never overlapping itself. */
export type Periodic = { start(): void; stop(): Promise<void> }

const SILENT = { info() {}, warn() {}, error() {}, debug() {} }

/** A timetable that does not run yet. */
export function createPeriodic(work: readonly PeriodicWork[]): Periodic {
  let tasks: ScheduledTask[] = []
  return {
    start() {
      tasks = work.map(({ name, at, run }) =>
        schedule(at, run, {
          name,
          noOverlap: true,
          logger: SILENT,
          suppressMissedWarning: true,
          maxRandomDelay: 2000,
        }),
      )
    },
    async stop() {
      for (const task of tasks) await task.destroy()
      tasks = []
    },
  }
}
