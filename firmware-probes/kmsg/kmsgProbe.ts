import { readFileSync } from 'node:fs'
import { AssayError } from '#protocol/assayError'
import { UNSUPPORTED, valueCell } from '#protocol/wire/cell'
import type { ProbeSnapshot, ProbeWarning } from '#protocol/wire/reading'
import type { Probe, ProbeSink } from '../probe.ts'
import { probeError } from '../probeErrors.ts'
import { readInput } from '../readInput.ts'
import type { RawTap } from '../recording/rawSample.ts'
import { kernelLine } from './kernelLine.ts'
import { KmsgDecoder } from './kmsgDecoder.ts'
import { type KmsgPosition, KmsgReader } from './kmsgReader.ts'

export type KmsgOptions = {
  /** A saved log, of any form that `kernelLine` reads. Without it /dev/kmsg is followed. */
  readonly file?: string
  /** Where an earlier run stopped; without it only new messages count. */
  readonly resume?: KmsgPosition
  /** Period of looking for new messages; 200 ms. */
  readonly pollMs?: number
  readonly tap?: RawTap
  /** For tests: another device and clock of the host. */
  readonly reader?: KmsgReader
}

/** Start of the host in ms of Unix time, or null. */
function bootTimeMs(): number | null {
  try {
    const seconds = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]
    return seconds === undefined ? null : Number(seconds) * 1000
  } catch {
    return null
  }
}

/** XIDs, SXIDs and lost GPUs from the kernel log: what still speaks when NVML hangs. */
export class KmsgProbe implements Probe {
  readonly name = 'kmsg'
  readonly #options: KmsgOptions
  readonly #decoder = new KmsgDecoder()
  readonly #reader: KmsgReader
  #sink: ProbeSink | null = null
  #timer: NodeJS.Timeout | null = null
  #bootMs: number | null = null
  #overruns = 0
  #broken: ProbeWarning | null = null

  constructor(options: KmsgOptions = {}) {
    this.#options = options
    this.#reader = options.reader ?? new KmsgReader()
  }

  /** Where to resume after a restart. */
  get position(): KmsgPosition {
    return this.#reader.position
  }

  /** @throws AssayError AGENT_PROBE_FILE or AGENT_PROBE_LIMIT */
  async start(sink: ProbeSink): Promise<void> {
    this.#sink = sink
    if (this.#options.file !== undefined) return this.#takeFile(this.#options.file)
    this.#reader.open(this.#options.resume ?? null)
    this.#bootMs = bootTimeMs()
    this.#poll()
    this.#timer = setInterval(() => this.#poll(), this.#options.pollMs ?? 200)
    this.#timer.unref()
  }

  async sample(): Promise<ProbeSnapshot> {
    if (this.#sink === null) throw probeError('AGENT_PROBE_STATE', { probe: this.name })
    this.#poll()
    const { forged } = this.#decoder
    const warnings: ProbeWarning[] = [...this.#decoder.warnings]
    if (this.#broken !== null) warnings.push(this.#broken)
    if (forged > 0) {
      const message = `${forged} lines in the driver's words did not come from the kernel and were not taken`
      warnings.push({ code: 'AGENT_PROBE_KMSG_FORGED', message })
    }
    const devices = this.#decoder.devices()
    const host = { devicesFound: valueCell(devices.length) }
    return {
      source: this.name,
      takenAtMs: Date.now(),
      durationUs: 0,
      driverVersion: UNSUPPORTED,
      host,
      devices,
      warnings,
    }
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#reader.close()
    this.#sink = null
  }

  #poll(): void {
    if (this.#timer === null && this.#options.file !== undefined) return
    try {
      const lines = this.#reader.take()
      const now = Date.now()
      const spoken = lines.filter(({ text }) => /^(?:NVRM: |nvidia-nvswitch)/.test(text))
      if (spoken.length > 0) {
        const text = spoken.map((l) => `${l.priority},${l.seq},${l.sinceBootUs},-;${l.text}`).join('\n')
        this.#options.tap?.({ kind: 'kmsg', atMs: now, durationUs: 0, text })
      }
      for (const line of lines) {
        const at =
          line.sinceBootUs === null || this.#bootMs === null ? now : this.#bootMs + line.sinceBootUs / 1000
        for (const event of this.#decoder.take(line, Math.floor(at))) this.#sink?.(event)
      }
    } catch (error) {
      if (!(error instanceof AssayError)) throw error
      this.#broken = { code: error.code, message: error.message }
    }
    if (this.#reader.overruns === this.#overruns) return
    this.#overruns = this.#reader.overruns
    const text = 'the kernel log was overwritten before it was read'
    this.#sink?.({
      kind: 'kernel_log_overrun',
      device: null,
      atMs: Date.now(),
      detail: [this.#overruns],
      text,
    })
  }

  #takeFile(file: string): void {
    const text = readInput(file)
    const now = Date.now()
    this.#options.tap?.({ kind: 'kmsg', atMs: now, durationUs: 0, text })
    for (const one of text.split('\n')) {
      const line = kernelLine(one.replace(/\r$/, ''))
      if (line === null) continue
      for (const event of this.#decoder.take(line, now)) this.#sink?.(event)
    }
  }
}
