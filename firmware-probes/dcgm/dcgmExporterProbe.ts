import { AssayError } from '#protocol/assayError'
import type { ProbeSnapshot } from '#protocol/wire/reading'
import type { Probe, ProbeSink } from '../probe.ts'
import { probeError } from '../probeErrors.ts'
import { readInput } from '../readInput.ts'
import type { RawTap } from '../recording/rawSample.ts'
import { unreadableSnapshot } from '../unreadableSnapshot.ts'
import { decodePage } from './decodePage.ts'
import { fetchPage } from './fetchPage.ts'
import { parsePrometheus } from './parsePrometheus.ts'

export type DcgmExporterOptions = { readonly timeoutMs?: number; readonly tap?: RawTap }

/**
 * Reads a dcgm-exporter: its page at an http(s) address, or a saved page. Once it has read, an address that fails gives
 * error cells for the devices known and a warning with the reason; the first failure is thrown.
 */
export class DcgmExporterProbe implements Probe {
  readonly name = 'dcgm-exporter'
  readonly #from: string
  readonly #options: DcgmExporterOptions
  #last: ProbeSnapshot | null = null
  #started = false

  /** `from` is a file or an address. */
  constructor(from: string, options: DcgmExporterOptions = {}) {
    this.#from = from
    this.#options = options
  }

  async start(_sink: ProbeSink): Promise<void> {
    this.#started = true
  }

  /** @throws AssayError AGENT_PROBE_… when nothing could ever be read */
  async sample(): Promise<ProbeSnapshot> {
    if (!this.#started) throw probeError('AGENT_PROBE_STATE', { probe: this.name })
    const remote = /^https?:\/\//.test(this.#from)
    const takenAtMs = Date.now()
    const began = performance.now()
    const durationUs = () => Math.round((performance.now() - began) * 1000)
    try {
      const text = remote
        ? await fetchPage(this.#from, this.#options.timeoutMs ?? 5000)
        : readInput(this.#from)
      this.#options.tap?.({ kind: 'dcgm-exporter', atMs: takenAtMs, durationUs: durationUs(), text })
      const page = parsePrometheus(text, this.#from)
      this.#last = decodePage(page, { source: this.name, takenAtMs, durationUs: durationUs() })
      return this.#last
    } catch (error) {
      if (!(error instanceof AssayError) || this.#last === null || !remote) throw error
      return unreadableSnapshot(this.#last, error, takenAtMs, durationUs())
    }
  }

  async stop(): Promise<void> {
    this.#started = false
    this.#last = null
  }
}
