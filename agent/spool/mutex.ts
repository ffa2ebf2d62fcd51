/** Runs tasks one after the other; a task that fails does not stop the next. */
export type Mutex = <T>(task: () => Promise<T>) => Promise<T>

/** A mutex with its own queue. */
export function createMutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const run = last.then(task, task)
    last = run.catch(() => {})
    return run
  }
}
