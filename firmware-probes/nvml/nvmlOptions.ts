import type { RawTap } from '../recording/rawSample.ts'
import { forkChild, type LaunchChild } from './childLink.ts'

/** Settings of the NVML probe; every one has a default. */
export type NvmlOptions = {
  /** Path of the library; by default `ASSAY_NVML_LIBRARY`, else `libnvidia-ml.so.1` by the loader's search. */
  readonly library?: string
  /** Longest silence of a child while it reads one device; 1000 ms. */
  readonly deadlineMs?: number
  /** The same for the first reading of a device by a new child, when drivers wake sleeping GPUs; 3000 ms. */
  readonly firstDeadlineMs?: number
  /** Longest `nvmlInit_v2`; without persistence mode it initialises every GPU; 20 s. */
  readonly initDeadlineMs?: number
  /** Period of the slow tier (limits, identity, ECC, rows, links); 10 s. 0 reads it at every sample. */
  readonly slowEveryMs?: number
  /** First and longest wait before a quarantined device is tried again; 30 s and 10 min. */
  readonly retestFirstMs?: number
  readonly retestMostMs?: number
  /** Receives raw results, for recordings. */
  readonly tap?: RawTap
  /** How a child is started; tests may put a process of their own here. */
  readonly launch?: LaunchChild
}

/** The options with their defaults in place. */
export function nvmlOptions(
  given: NvmlOptions,
): Required<Omit<NvmlOptions, 'tap'>> & { readonly tap: RawTap | null } {
  return {
    library: given.library || process.env.ASSAY_NVML_LIBRARY || 'libnvidia-ml.so.1',
    deadlineMs: given.deadlineMs ?? 1000,
    firstDeadlineMs: given.firstDeadlineMs ?? 3000,
    initDeadlineMs: given.initDeadlineMs ?? 20_000,
    slowEveryMs: given.slowEveryMs ?? 10_000,
    retestFirstMs: given.retestFirstMs ?? 30_000,
    retestMostMs: given.retestMostMs ?? 600_000,
    tap: given.tap ?? null,
    launch: given.launch ?? forkChild,
  }
}
