import { EVENTS, type EventName } from '#protocol/wire/eventCodes'
import type { ProbeEvent } from '#protocol/wire/reading'
import { FAST_FIELDS, SLOW_FIELDS } from '../nvml/nvmlCalls.ts'
import { frameLayout, type RawCall } from '../nvml/nvmlFrame.ts'
import { probeError } from '../probeErrors.ts'
import type { RawNvml, RawText } from './rawSample.ts'

/** First line of a recording. */
export type RecordingHeader = {
  readonly assayRecording: 1
  /** Probe that was recorded: `nvml`, `nvidia-smi`, `dcgm-exporter`, `kmsg`. */
  readonly source: RawNvml['kind'] | RawText['kind']
  /** False for simulators and edited recordings: shown as synthetic wherever it is replayed. */
  readonly realHardware: boolean
  /** ISO 8601. */
  readonly madeAt: string
  readonly driver: string | null
  /** What could not be read there, and anything else a reader should know. */
  readonly note: string
}

/** One line after the header. */
export type RecordingLine = { readonly event: ProbeEvent } | { readonly sample: RawNvml | RawText }

const SOURCES: readonly string[] = ['nvml', 'nvidia-smi', 'dcgm-exporter', 'kmsg']

const OUT_BYTES: ReadonlyMap<string, number> = new Map([
  ...[...frameLayout('fast').slots, ...frameLayout('slow').slots].map(
    ([key, slot]) => [key, slot.bytes] as const,
  ),
  ...[...FAST_FIELDS, ...SLOW_FIELDS].map((id) => [`field(${id})`, 12] as const),
])

type Json = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** A raw result as `[code]` or `[0, hex]`; trailing zero bytes are left out and put back on reading. */
export function packCall(call: RawCall): readonly [number] | readonly [number, string] {
  let end = call.out.length
  while (end > 0 && call.out[end - 1] === 0) end -= 1
  return call.code === 0 || end > 0 ? [call.code, call.out.toString('hex', 0, end)] : [call.code]
}

function unpackCall(key: string, value: unknown): RawCall | null {
  if (!Array.isArray(value) || !Number.isSafeInteger(value[0])) return null
  const hex = value[1] ?? ''
  if (typeof hex !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(hex)) return null
  const given = Buffer.from(hex, 'hex')
  const out = Buffer.alloc(Math.max(OUT_BYTES.get(key) ?? 0, given.length))
  given.copy(out)
  return { code: value[0] as number, out }
}

function parseJson(line: string, at: number, path: string): Json {
  try {
    const value: unknown = JSON.parse(line)
    if (isObject(value)) return value
  } catch {
    // Said below, with the place.
  }
  throw probeError('AGENT_PROBE_FORMAT', {
    file: path,
    line: at,
    found: line.slice(0, 40),
    wanted: 'a JSON object',
  })
}

/** Reads the header line. @throws AssayError AGENT_PROBE_FORMAT */
export function parseHeader(line: string, path: string): RecordingHeader {
  const value = parseJson(line, 1, path)
  const bad = (wanted: string) => probeError('AGENT_PROBE_FORMAT', { file: path, line: 1, wanted })
  if (value.assayRecording !== 1) throw bad('"assayRecording": 1, the header of a recording')
  if (!SOURCES.includes(value.source as string)) throw bad(`"source" of ${SOURCES.join(', ')}`)
  if (typeof value.realHardware !== 'boolean') throw bad('"realHardware" true or false')
  return {
    assayRecording: 1,
    source: value.source as RecordingHeader['source'],
    realHardware: value.realHardware,
    madeAt: typeof value.madeAt === 'string' ? value.madeAt : '',
    driver: typeof value.driver === 'string' ? value.driver : null,
    note: typeof value.note === 'string' ? value.note : '',
  }
}

function parseEvent(value: unknown): ProbeEvent | null {
  if (!isObject(value) || typeof value.kind !== 'string' || !(value.kind in EVENTS)) return null
  const { device, detail } = value
  if (!Array.isArray(detail) || !detail.every(Number.isSafeInteger)) return null
  if (device !== null && !isObject(device)) return null
  return {
    kind: value.kind as EventName,
    device: device as ProbeEvent['device'],
    atMs: typeof value.atMs === 'number' ? value.atMs : 0,
    detail: detail as number[],
    text: typeof value.text === 'string' ? value.text : '',
  }
}

function parseGpus(value: unknown): RawNvml['devices'] | null {
  if (!isObject(value)) return null
  const devices: RawNvml['devices'][number][] = []
  for (const [index, gpu] of Object.entries(value)) {
    if (
      !/^\d{1,3}$/.test(index) ||
      !isObject(gpu) ||
      !Number.isSafeInteger(gpu.handle) ||
      !isObject(gpu.calls)
    )
      return null
    const calls = new Map<string, RawCall>()
    for (const [key, packed] of Object.entries(gpu.calls)) {
      const call = unpackCall(key, packed)
      if (call === null) return null
      calls.set(key, call)
    }
    devices.push({ index: Number(index), handle: gpu.handle as number, calls })
  }
  return devices
}

/** Reads one line after the header. @throws AssayError AGENT_PROBE_FORMAT naming file and line */
export function parseLine(line: string, at: number, header: RecordingHeader, path: string): RecordingLine {
  const value = parseJson(line, at, path)
  const bad = (wanted: string) => probeError('AGENT_PROBE_FORMAT', { file: path, line: at, wanted })
  if ('event' in value) {
    const event = parseEvent(value.event)
    if (event === null) throw bad('an event of this release')
    return { event }
  }
  if (!isCount(value.at) || !isCount(value.us)) throw bad('"at" in ms and "us"')
  const common = { atMs: value.at, durationUs: value.us }
  if (header.source !== 'nvml') {
    if (typeof value.text !== 'string') throw bad('"text"')
    return { sample: { kind: header.source, ...common, text: value.text } }
  }
  const devices = parseGpus(value.gpu)
  if (devices === null || !isCount(value.count) || value.count > 1024)
    throw bad('"count" and "gpu" of an NVML sample')
  const driver = typeof value.driver === 'string' ? value.driver : null
  return { sample: { kind: 'nvml', ...common, driver, count: value.count, devices } }
}
