import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { probeError } from '../probeErrors.ts'
import { type KernelLine, kernelLine } from './kernelLine.ts'

/** Where reading stopped: sequence numbers start anew with every boot. */
export type KmsgPosition = { readonly bootId: string; readonly seq: number }

/** Longest record that the kernel gives (CONSOLE_EXT_LOG_MAX). */
const RECORD_BYTES = 8192

/**
 * Reads /dev/kmsg without blocking: one record per read until there is none. It is not a stream, because a blocked read
 * would hold a thread of the pool for ever.
 */
export class KmsgReader {
  readonly #path: string
  readonly #bootIdPath: string
  readonly #buffer = Buffer.alloc(RECORD_BYTES)
  #fd: number | null = null
  #bootId = ''
  #seq = -1
  #overruns = 0

  constructor(path = '/dev/kmsg', bootIdPath = '/proc/sys/kernel/random/boot_id') {
    this.#path = path
    this.#bootIdPath = bootIdPath
  }

  /** Times that records were overwritten before they were read. */
  get overruns(): number {
    return this.#overruns
  }

  get position(): KmsgPosition {
    return { bootId: this.#bootId, seq: this.#seq }
  }

  /**
   * Opens the log after a position, or at its end without one. A position of an earlier boot gives the whole log.
   * @throws AssayError AGENT_PROBE_FILE
   */
  open(resume: KmsgPosition | null): void {
    try {
      this.#fd = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK)
    } catch (cause) {
      const found = (cause as Error).message
      throw probeError('AGENT_PROBE_FILE', { file: this.#path, found, wanted: 'CAP_SYSLOG or root' }, cause)
    }
    try {
      this.#bootId = readFileSync(this.#bootIdPath, 'utf8').trim()
    } catch {
      this.#bootId = ''
    }
    if (resume === null) this.take()
    else this.#seq = resume.bootId === this.#bootId ? resume.seq : -1
    this.#overruns = 0
  }

  /** Every record that is there now and was not given before. */
  take(): readonly KernelLine[] {
    const lines: KernelLine[] = []
    for (;;) {
      const record = this.#read()
      if (record === null) return lines
      const line = record === '' ? null : kernelLine(record)
      if (line === null || line.seq === null || line.seq <= this.#seq) continue
      this.#seq = line.seq
      lines.push(line)
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  /** One record, '' for an overrun, null when there is none. */
  #read(): string | null {
    if (this.#fd === null) return null
    try {
      const bytes = readSync(this.#fd, this.#buffer, 0, RECORD_BYTES, null)
      return bytes === 0 ? null : this.#buffer.toString('utf8', 0, bytes)
    } catch (error) {
      const { code } = error as { code?: string }
      if (code === 'EAGAIN') return null
      if (code !== 'EPIPE')
        throw probeError('AGENT_PROBE_FILE', { file: this.#path, found: code ?? 'unknown' }, error)
      this.#overruns += 1
      return ''
    }
  }
}
