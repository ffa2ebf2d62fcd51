import type { ProbeEvent, ProbeSnapshot } from '#protocol/wire/reading'

/** Receives what a probe notices between samples. */
export type ProbeSink = (event: ProbeEvent) => void

/**
 * One source of truth about the hardware. Constructing a probe does nothing; `stop` undoes `start` and leaves no
 * process and no timer behind. `sample` never invents a value: what could not be read says why.
 */
export interface Probe {
  /** Also the `source` of its snapshots. A probe that chooses its source knows it only after `start`. */
  readonly name: string
  /** True for readings that no hardware gave; shown as synthetic everywhere. */
  readonly synthetic?: boolean
  /** @throws AssayError with an `AGENT_PROBE_…` code when the source is not usable at all. */
  start(sink: ProbeSink): Promise<void>
  sample(): Promise<ProbeSnapshot>
  stop(): Promise<void>
}
