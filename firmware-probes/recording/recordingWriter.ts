import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { probeError } from '../probeErrors.ts'
import type { RawNvml, RawTap } from './rawSample.ts'
import { packCall, type RecordingHeader } from './recordingFormat.ts'

/**
 * Writes raw samples and events as NDJSON: a header line, then one line each. Of NVML results only those that differ
 * from the line before are written, per device. A path that ends in `.gz` is written compressed when it is closed.
 */
export class RecordingWriter {
  readonly #path: string
  readonly #last = new Map<string, string>()
  readonly #held: string[] = []
  readonly #compressed: boolean
  #fd: number | null = null

  /** @throws AssayError AGENT_PROBE_FILE */
  constructor(path: string, header: Omit<RecordingHeader, 'assayRecording'>) {
    this.#path = path
    this.#compressed = path.endsWith('.gz')
    try {
      if (!this.#compressed) this.#fd = openSync(path, 'wx', 0o644)
    } catch (cause) {
      throw probeError('AGENT_PROBE_FILE', { file: path, found: (cause as Error).message }, cause)
    }
    this.#write({ assayRecording: 1, ...header })
  }

  /** Give this as the `tap` of the probe to record. */
  readonly tap: RawTap = (raw) => {
    if (raw.kind === 'event') this.#write({ event: raw.event })
    else if (raw.kind === 'nvml') this.#write(this.#nvml(raw))
    else this.#write({ at: raw.atMs, us: raw.durationUs, text: raw.text })
  }

  /** Ends the file. */
  close(): void {
    if (this.#compressed)
      writeFileSync(this.#path, gzipSync(this.#held.join(''), { level: 9 }), { flag: 'wx' })
    else if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #nvml(raw: RawNvml): object {
    const gpu: Record<string, unknown> = {}
    for (const { index, handle, calls } of raw.devices) {
      const changed: Record<string, unknown> = {}
      for (const [key, call] of calls) {
        const packed = packCall(call)
        const text = packed.join()
        if (this.#last.get(`${index} ${key}`) === text) continue
        this.#last.set(`${index} ${key}`, text)
        changed[key] = packed
      }
      // A device that failed as a whole forgets its results on replay, so the next good sample must hold them all.
      if (handle !== 0)
        for (const key of [...this.#last.keys()]) if (key.startsWith(`${index} `)) this.#last.delete(key)
      gpu[index] = { handle, calls: changed }
    }
    return { at: raw.atMs, us: raw.durationUs, driver: raw.driver, count: raw.count, gpu }
  }

  #write(line: object): void {
    const text = `${JSON.stringify(line)}\n`
    if (this.#fd !== null) writeSync(this.#fd, text)
    else if (this.#compressed) this.#held.push(text)
  }
}
