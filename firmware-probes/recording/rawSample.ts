import type { ProbeEvent } from '#protocol/wire/reading'
import type { RawCalls } from '../nvml/nvmlFrame.ts'

/** Raw results of one NVML sweep over all devices, as the child gave them. */
export type RawNvml = {
  readonly kind: 'nvml'
  readonly atMs: number
  readonly durationUs: number
  readonly driver: string | null
  /** Devices that the driver counted. */
  readonly count: number
  /** Per device the calls made in this sweep; `handle` other than 0 is the code for all of them. */
  readonly devices: readonly { readonly index: number; readonly handle: number; readonly calls: RawCalls }[]
}

/** Raw text of a reader that parses a document: XML of nvidia-smi, a page of dcgm-exporter, lines of a kernel log. */
export type RawText = {
  readonly kind: 'nvidia-smi' | 'dcgm-exporter' | 'kmsg'
  readonly atMs: number
  readonly durationUs: number
  readonly text: string
}

/** What a probe read before any decoding. */
export type RawSample = RawNvml | RawText

/** Receives every raw sample and event of a probe, in order; what a recorder plugs into. */
export type RawTap = (raw: RawSample | { readonly kind: 'event'; readonly event: ProbeEvent }) => void
