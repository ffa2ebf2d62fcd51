import { AssayError } from '#protocol/assayError'
import type { ProbeSnapshot } from '#protocol/wire/reading'
import { DcgmExporterProbe } from './dcgm/dcgmExporterProbe.ts'
import { type KmsgOptions, KmsgProbe } from './kmsg/kmsgProbe.ts'
import { type NvidiaSmiOptions, NvidiaSmiProbe } from './nvidia-smi/nvidiaSmiProbe.ts'
import type { NvmlOptions } from './nvml/nvmlOptions.ts'
import { NvmlProbe } from './nvml/nvmlProbe.ts'
import type { Probe, ProbeSink } from './probe.ts'
import { probeError } from './probeErrors.ts'
import { openRecording } from './recording/openRecording.ts'

/** What a source needs beside its name. */
export type SourceOptions = {
  /** What `recording` replays, and `auto` where NVML does not answer with a device. Without it `auto` is `nvml`. */
  readonly recording?: string
  readonly nvml?: NvmlOptions
  readonly nvidiaSmi?: NvidiaSmiOptions
  readonly kmsg?: KmsgOptions
}

/** NVML where it answers with at least one device, else the recording. Which one, `name` says after `start`. */
class AutoProbe implements Probe {
  readonly #options: SourceOptions
  #chosen: Probe | null = null

  constructor(options: SourceOptions) {
    this.#options = options
  }

  get name(): string {
    return this.#chosen?.name ?? 'auto'
  }

  get synthetic(): boolean {
    return this.#chosen?.synthetic === true
  }

  async start(sink: ProbeSink): Promise<void> {
    const nvml = new NvmlProbe(this.#options.nvml)
    try {
      await nvml.start(sink)
      this.#chosen = nvml
    } catch (error) {
      const { recording } = this.#options
      if (!(error instanceof AssayError) || recording === undefined) throw error
      const replay = openRecording(recording)
      await replay.start(sink)
      this.#chosen = replay
    }
  }

  sample(): Promise<ProbeSnapshot> {
    return this.#chosen?.sample() ?? Promise.reject(probeError('AGENT_PROBE_STATE', { probe: 'auto' }))
  }

  async stop(): Promise<void> {
    await this.#chosen?.stop()
    this.#chosen = null
  }
}

type Opener = (argument: string, options: SourceOptions) => Probe

function defaultRecording({ recording }: SourceOptions): Probe {
  if (recording === undefined)
    throw probeError('AGENT_PROBE_SOURCE', { found: 'recording', wanted: 'recording:FILE' })
  return openRecording(recording)
}

const bare: Readonly<Record<string, Opener>> = {
  nvml: (_, { nvml }) => new NvmlProbe(nvml),
  auto: (_, options) => new AutoProbe(options),
  recording: (_, options) => defaultRecording(options),
  'nvidia-smi': (_, { nvidiaSmi }) => new NvidiaSmiProbe(nvidiaSmi),
  kmsg: (_, { kmsg }) => new KmsgProbe(kmsg),
}

const withArgument: Readonly<Record<string, Opener>> = {
  recording: (path) => openRecording(path),
  'nvidia-smi': (file, { nvidiaSmi }) => new NvidiaSmiProbe({ ...nvidiaSmi, file }),
  'dcgm-exporter': (from) => new DcgmExporterProbe(from),
  dcgm: (from) => new DcgmExporterProbe(from),
  kmsg: (file, { kmsg }) => new KmsgProbe({ ...kmsg, file }),
}

/**
 * The probe of a source as written on the command line or in a configuration: `nvml`, `auto`, `recording:FILE` and so
 * on. Opens nothing yet. @throws AssayError AGENT_PROBE_SOURCE for a name that is none
 */
export function openSource(spec: string, options: SourceOptions = {}): Probe {
  const colon = spec.indexOf(':')
  const kind = colon < 0 ? spec : spec.slice(0, colon)
  const argument = colon < 0 ? '' : spec.slice(colon + 1)
  const table = colon < 0 ? bare : withArgument
  const open = Object.hasOwn(table, kind) ? table[kind] : undefined
  if (open === undefined || (colon >= 0 && argument === ''))
    throw probeError('AGENT_PROBE_SOURCE', { found: spec })
  return open(argument, options)
}
