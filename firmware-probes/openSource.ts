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
import type { RawTap } from './recording/rawSample.ts'

/** What a source needs beside its name. */
export type SourceOptions = {
  /** What `recording` replays, and `auto` where NVML does not answer with a device. Without it `auto` is `nvml`. */
  readonly recording?: string
  readonly nvml?: NvmlOptions
  readonly nvidiaSmi?: NvidiaSmiOptions
  readonly kmsg?: KmsgOptions
  /** Receives what the source reads before it is decoded; what a `RecordingWriter` plugs into. */
  readonly tap?: RawTap
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
    const nvml = new NvmlProbe(tapped(this.#options.nvml, this.#options))
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

/** The options of one reader with the tap that is common to all. */
function tapped<T extends object>(own: T | undefined, { tap }: SourceOptions): T & { tap?: RawTap } {
  return { ...(own ?? ({} as T)), ...(tap === undefined ? {} : { tap }) }
}

type Opener = (argument: string, options: SourceOptions) => Probe

function defaultRecording({ recording }: SourceOptions): Probe {
  if (recording === undefined)
    throw probeError('AGENT_PROBE_SOURCE', { found: 'recording', wanted: 'recording:FILE' })
  return openRecording(recording)
}

const bare: Readonly<Record<string, Opener>> = {
  nvml: (_, options) => new NvmlProbe(tapped(options.nvml, options)),
  auto: (_, options) => new AutoProbe(options),
  recording: (_, options) => defaultRecording(options),
  'nvidia-smi': (_, options) => new NvidiaSmiProbe(tapped(options.nvidiaSmi, options)),
  kmsg: (_, options) => new KmsgProbe(tapped(options.kmsg, options)),
}

const withArgument: Readonly<Record<string, Opener>> = {
  recording: (path) => openRecording(path),
  'nvidia-smi': (file, options) => new NvidiaSmiProbe({ ...tapped(options.nvidiaSmi, options), file }),
  'dcgm-exporter': (from, options) => new DcgmExporterProbe(from, tapped({}, options)),
  dcgm: (from, options) => new DcgmExporterProbe(from, tapped({}, options)),
  kmsg: (file, options) => new KmsgProbe({ ...tapped(options.kmsg, options), file }),
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
