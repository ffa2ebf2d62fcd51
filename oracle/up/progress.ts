/** Tells the person who started the run what happens, on standard error, so that standard output stays the result. */
export type Progress = { step(text: string): void; done(text: string): void }

/** Progress lines with the seconds since the start. */
export function createProgress(startedAt: number): Progress {
  const say = (mark: string, text: string): void => {
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1).padStart(5)
    process.stderr.write(`${seconds} s ${mark} ${text}\n`)
  }
  return { step: (text) => say('…', text), done: (text) => say('✓', text) }
}
