import type { AssayError } from '#protocol/assayError'
import { probeError } from '../probeErrors.ts'
import type { LaunchChild } from './childLink.ts'
import { NvmlChild, type Outcome, type Ready, type Unusable } from './nvmlChild.ts'

/** Killed children that the kernel has not let go of yet; with this many, NVML is not touched again. */
const MOST_UNREAPED = 2

const REAP_WAIT_MS = 2000

/** The coded error of a child that could not make NVML usable. */
function unusable(library: string, outcome: Outcome<Ready | Unusable>): AssayError | null {
  if (outcome.end === 'stuck')
    return probeError('AGENT_PROBE_NVML_STUCK', { library, waitedMs: outcome.waitedMs })
  if (outcome.end === 'gone') {
    return probeError('AGENT_PROBE_NVML_INIT', { library, ended: outcome.signal ?? outcome.code })
  }
  if (outcome.value.say === 'ready') return null
  const { stage, code, text } = outcome.value
  if (stage === 'load') return probeError('AGENT_PROBE_NVML_LIBRARY', { library, found: text })
  if (stage === 'symbol') return probeError('AGENT_PROBE_NVML_SYMBOL', { library, wanted: text })
  if (code === 9) return probeError('AGENT_PROBE_NVML_DRIVER', { library, code })
  if (code === 18) return probeError('AGENT_PROBE_NVML_MISMATCH', { library, code })
  if (code === 4) return probeError('AGENT_PROBE_NVML_PERMISSION', { library, code })
  return probeError('AGENT_PROBE_NVML_INIT', { library, code })
}

/** Starts and ends NVML children and counts those that a kill did not end. */
export class ChildPool {
  readonly #library: string
  readonly #launch: LaunchChild
  readonly #initDeadlineMs: number
  readonly #running = new Set<NvmlChild>()
  readonly #unreaped = new Set<NvmlChild>()

  constructor(library: string, launch: LaunchChild, initDeadlineMs: number) {
    this.#library = library
    this.#launch = launch
    this.#initDeadlineMs = initDeadlineMs
  }

  /** True while another child may be started. */
  get open(): boolean {
    return this.#unreaped.size < MOST_UNREAPED
  }

  get unreaped(): number {
    return this.#unreaped.size
  }

  /** A child with NVML initialised. @throws AssayError AGENT_PROBE_NVML_… */
  async spawn(): Promise<{ readonly child: NvmlChild; readonly ready: Ready }> {
    if (!this.open) throw probeError('AGENT_PROBE_NVML_STUCK', { hungReaders: this.#unreaped.size })
    const child = new NvmlChild(this.#launch(this.#library))
    this.#running.add(child)
    void child.reaped.then(() => {
      this.#running.delete(child)
      this.#unreaped.delete(child)
    })
    const outcome = await child.ready(this.#initDeadlineMs)
    const error = unusable(this.#library, outcome)
    if (error !== null) {
      this.kill(child)
      throw error
    }
    return { child, ready: (outcome as { value: Ready }).value }
  }

  /** Ends a child at once and forgets it; it counts as unreaped until the kernel has ended it. */
  kill(child: NvmlChild): void {
    if (child.alive) this.#unreaped.add(child)
    child.kill()
  }

  /** Ends every child and waits for the kernel to have ended them, at most two seconds for one that is stuck. */
  async stop(): Promise<void> {
    const all = [...this.#running]
    for (const child of all) this.kill(child)
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, REAP_WAIT_MS)
    })
    await Promise.race([Promise.all(all.map((child) => child.reaped)), patience])
    clearTimeout(timer)
  }
}
