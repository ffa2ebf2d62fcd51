import type { Probe, ProbeSink } from '#probes/probe'
import { PROBE_CODES } from '#probes/probeCodes'
import type { ProbeSnapshot } from '#protocol/wire/reading'
import type { Clock } from '../clock.ts'

/** One attempt to read everything: a snapshot, or the code that every cell gets instead. */
export type Sample =
  | { readonly snapshot: ProbeSnapshot; readonly failure: null }
  | { readonly snapshot: null; readonly failure: number }

/** Keeps a probe running: a source that is not there yet, or fails, is tried again for as long as the agent runs. */
export type ProbeSupervisor = {
  /** One attempt to start; the fault is told and tried again later. True when the source answers. */
  start(): Promise<boolean>
  stop(): Promise<void>
  sample(): Promise<Sample>
  /** Name of the source, `synthetic` said where no hardware gave the readings. */
  name(): string
  isRunning(): boolean
  lastFault(): unknown
}

/** How the supervisor is set up. Times in milliseconds. */
export type SupervisorOptions = {
  readonly open: () => Probe
  readonly clock: Clock
  /** A reading that takes longer is given up and its probe started anew. */
  readonly deadlineMs: number
  readonly onEvent: ProbeSink
  readonly onFault: (error: unknown) => void
}

const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 60_000
const FAULTS_BEFORE_RESTART = 3
const STOP_MS = 5000

/** A supervisor of one source. */
export function createProbeSupervisor(options: SupervisorOptions): ProbeSupervisor {
  const { clock, deadlineMs, onFault } = options
  let probe: Probe | null = null
  let name = 'none'
  let retryAt = Number.NEGATIVE_INFINITY
  let pause = FIRST_PAUSE_MS
  let faults = 0
  let fault: unknown = null

  function failed(error: unknown): void {
    fault = error
    onFault(error)
  }

  async function start(): Promise<boolean> {
    try {
      const opened = options.open()
      await opened.start(options.onEvent)
      probe = opened
      name =
        opened.synthetic === true && !/synthetic/i.test(opened.name)
          ? `${opened.name} (synthetic)`
          : opened.name
      fault = null
      faults = 0
      pause = FIRST_PAUSE_MS
      return true
    } catch (error) {
      failed(error)
      retryAt = clock.monotonic() + pause
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
      return false
    }
  }

  async function stop(): Promise<void> {
    const stopping = probe
    probe = null
    if (!stopping) return
    const { late, cancel } = deadline(STOP_MS)
    await Promise.race([stopping.stop().catch(onFault), late])
    cancel()
  }

  function deadline(ms: number): { readonly late: Promise<'late'>; readonly cancel: () => void } {
    let cancel = (): void => {}
    const late = new Promise<'late'>((resolve) => {
      cancel = clock.after(ms, () => resolve('late'))
    })
    return { late, cancel }
  }

  async function read(from: Probe): Promise<Sample> {
    const { late, cancel } = deadline(deadlineMs)
    try {
      const snapshot = await Promise.race([from.sample(), late])
      if (snapshot !== 'late') {
        faults = 0
        return { snapshot, failure: null }
      }
      failed(new Error(`no reading within ${deadlineMs} ms`))
      faults = FAULTS_BEFORE_RESTART
      return { snapshot: null, failure: PROBE_CODES.stuck }
    } catch (error) {
      failed(error)
      faults++
      return { snapshot: null, failure: PROBE_CODES.givenUp }
    } finally {
      cancel()
    }
  }

  return {
    start,
    stop,
    name: () => name,
    isRunning: () => probe !== null && faults === 0,
    lastFault: () => fault,
    async sample() {
      if (!probe && (clock.monotonic() < retryAt || !(await start())))
        return { snapshot: null, failure: PROBE_CODES.givenUp }
      const sample = await read(probe as unknown as Probe)
      if (faults >= FAULTS_BEFORE_RESTART) {
        await stop()
        retryAt = clock.monotonic() + pause
      }
      return sample
    },
  }
}
