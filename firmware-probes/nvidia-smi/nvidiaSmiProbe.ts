import { AssayError } from '#protocol/assayError'
import type { ProbeSnapshot } from '#protocol/wire/reading'
import { boundedCommand } from '../boundedCommand.ts'
import { findCommand } from '../findCommand.ts'
import type { Probe, ProbeSink } from '../probe.ts'
import { probeError } from '../probeErrors.ts'
import { readInput } from '../readInput.ts'
import type { RawTap } from '../recording/rawSample.ts'
import { unreadableSnapshot } from '../unreadableSnapshot.ts'
import { compatReader } from './compatReader.ts'
import { parseSmiXml, type SmiDocument } from './parseSmiXml.ts'
import { smiSnapshot } from './smiSnapshot.ts'

export type NvidiaSmiOptions = {
  /** A saved output of `nvidia-smi -q -x`; read anew at every sample. Without it the command is run. */
  readonly file?: string
  /** `nvidia-smi`, or its absolute path. */
  readonly command?: string
  /** Longest run; 15 s: without persistence mode the driver initialises every GPU first. */
  readonly timeoutMs?: number
  /** Largest output taken; 64 MiB. */
  readonly mostBytes?: number
  /** `package` reads through node-nvidia-smi and falls back to `direct`, our own run of the command. */
  readonly reader?: 'package' | 'direct'
  readonly tap?: RawTap
}

/**
 * The compatibility reader over `nvidia-smi -q -x`. Once it has read, a run that fails gives error cells for the
 * devices known and a warning with the reason; the first failure is thrown.
 */
export class NvidiaSmiProbe implements Probe {
  readonly name = 'nvidia-smi'
  readonly #options: NvidiaSmiOptions
  #command = ''
  #last: ProbeSnapshot | null = null
  #started = false

  constructor(options: NvidiaSmiOptions = {}) {
    this.#options = options
  }

  async start(_sink: ProbeSink): Promise<void> {
    if (this.#options.file === undefined) this.#command = findCommand(this.#options.command ?? 'nvidia-smi')
    this.#started = true
  }

  /** @throws AssayError AGENT_PROBE_… when nothing could ever be read */
  async sample(): Promise<ProbeSnapshot> {
    if (!this.#started) throw probeError('AGENT_PROBE_STATE', { probe: this.name })
    const takenAtMs = Date.now()
    const began = performance.now()
    const meta = () => ({
      source: this.name,
      takenAtMs,
      durationUs: Math.round((performance.now() - began) * 1000),
    })
    try {
      const document = await this.#read(takenAtMs, began)
      this.#last = smiSnapshot(document, meta())
      return this.#last
    } catch (error) {
      if (!(error instanceof AssayError) || this.#last === null || this.#options.file !== undefined)
        throw error
      return unreadableSnapshot(this.#last, error, takenAtMs, meta().durationUs)
    }
  }

  async stop(): Promise<void> {
    this.#started = false
    this.#last = null
  }

  async #read(atMs: number, began: number): Promise<SmiDocument> {
    const { file, reader = 'package', timeoutMs = 15_000, mostBytes, tap } = this.#options
    // A recording keeps the document as it was written, which the package does not give.
    if (file === undefined && reader === 'package' && tap === undefined) {
      const compat = await this.#readByPackage(timeoutMs)
      if (compat !== null) return compat
    }
    const bounds = { timeoutMs, ...(mostBytes === undefined ? {} : { mostBytes }) }
    const xml =
      file === undefined ? await boundedCommand(this.#command, ['-q', '-x'], bounds) : readInput(file)
    tap?.({ kind: 'nvidia-smi', atMs, durationUs: Math.round((performance.now() - began) * 1000), text: xml })
    return parseSmiXml(xml, file ?? this.#command)
  }

  /** Null when the package gave up on output that a direct run may still read. */
  async #readByPackage(timeoutMs: number): Promise<SmiDocument | null> {
    try {
      const tree = await compatReader(this.#command, timeoutMs)
      const root =
        typeof tree === 'object' && tree !== null ? (tree as Record<string, unknown>).nvidia_smi_log : null
      return typeof root === 'object' && root !== null ? { root, schema: null } : null
    } catch (error) {
      if (error instanceof AssayError && error.code === 'AGENT_PROBE_COMMAND') return null
      throw error
    }
  }
}
