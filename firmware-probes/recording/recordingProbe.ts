import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { ProbeSnapshot } from '#protocol/wire/reading'
import type { Probe, ProbeSink } from '../probe.ts'
import { probeError } from '../probeErrors.ts'
import { CounterCarry } from './counterCarry.ts'
import { parseHeader, parseLine, type RecordingHeader, type RecordingLine } from './recordingFormat.ts'
import { ReplayDecoder } from './replayDecoder.ts'

const MOST_FILE_BYTES = 64 * 1024 * 1024
const MOST_TEXT_BYTES = 512 * 1024 * 1024

function readText(path: string): string {
  try {
    const { size } = statSync(path)
    if (size > MOST_FILE_BYTES)
      throw probeError('AGENT_PROBE_LIMIT', { file: path, bytes: size, most: MOST_FILE_BYTES })
    const bytes = readFileSync(path)
    const plain = path.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: MOST_TEXT_BYTES }) : bytes
    return plain.toString('utf8')
  } catch (cause) {
    if ((cause as { code?: string }).code === 'AGENT_PROBE_LIMIT') throw cause
    const format = /^(Z_|ERR_BUFFER_TOO_LARGE)/.test((cause as { code?: string }).code ?? '')
    throw probeError(
      format ? 'AGENT_PROBE_FORMAT' : 'AGENT_PROBE_FILE',
      { file: path, found: (cause as Error).message },
      cause,
    )
  }
}

/**
 * Replays a recording as a probe: one recorded sample per call, at the present time, over and over. Counters go on
 * rising over the seam of two rounds, as they would on hardware.
 */
export class RecordingProbe implements Probe {
  readonly name: string
  readonly #path: string
  #lines: readonly string[] = []
  #header: RecordingHeader | null = null
  #next = 0
  #sink: ProbeSink | null = null
  #decoder: ReplayDecoder | null = null
  readonly #carry = new CounterCarry()

  constructor(path: string) {
    this.#path = path
    this.name = `recording:${basename(path).replace(/(\.ndjson)?(\.gz)?$/, '')}`
  }

  /** True until the recording was opened and says that it was made on real hardware. */
  get synthetic(): boolean {
    return this.#header?.realHardware !== true
  }

  get header(): RecordingHeader | null {
    return this.#header
  }

  /** Reads and checks the whole file. @throws AssayError AGENT_PROBE_FILE, AGENT_PROBE_FORMAT or AGENT_PROBE_LIMIT */
  async start(sink: ProbeSink): Promise<void> {
    const [first = '', ...rest] = readText(this.#path).split('\n')
    const header = parseHeader(first, this.#path)
    const lines = rest.filter((line) => line !== '')
    let samples = 0
    lines.forEach((line, i) => {
      if ('sample' in parseLine(line, i + 2, header, this.#path)) samples += 1
    })
    if (samples === 0)
      throw probeError('AGENT_PROBE_FORMAT', { file: this.#path, wanted: 'at least one sample' })
    this.#header = header
    this.#lines = lines
    this.#next = 0
    this.#decoder = new ReplayDecoder(this.name)
    this.#sink = sink
  }

  async sample(): Promise<ProbeSnapshot> {
    if (this.#decoder === null) throw probeError('AGENT_PROBE_STATE', { probe: this.name })
    const now = Date.now()
    for (;;) {
      const line = this.#take()
      if ('event' in line) {
        this.#sink?.({ ...line.event, atMs: now })
        continue
      }
      const snapshot = this.#decoder.decode(line.sample, now, (event) => this.#sink?.(event))
      return this.#carry.apply(snapshot)
    }
  }

  async stop(): Promise<void> {
    this.#sink = null
    this.#decoder = null
    this.#lines = []
  }

  #take(): RecordingLine {
    if (this.#next >= this.#lines.length) {
      this.#next = 0
      this.#decoder = new ReplayDecoder(this.name)
      this.#carry.wrap()
    }
    const at = this.#next++
    return parseLine(this.#lines[at] ?? '', at + 2, this.#header as RecordingHeader, this.#path)
  }
}
