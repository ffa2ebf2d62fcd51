import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { changes, type KnownDevices } from '#probes/changes'
import { openSource } from '#probes/openSource'
import type { Probe } from '#probes/probe'
import { probeError } from '#probes/probeErrors'
import { RecordingWriter } from '#probes/recording/recordingWriter'
import { AssayError } from '#protocol/assayError'
import type { ProbeEvent } from '#protocol/wire/reading'
import { probeJson } from './probeJson.ts'
import { probeTable } from './probeTable.ts'

export type ProbeArguments = {
  /** As `openSource` takes it. */
  readonly source: string
  /** One reading, then the end. Saved files are always read once. */
  readonly once?: boolean
  readonly json?: boolean
  /** What `auto` and `recording` replay where there is no GPU. */
  readonly recording?: string
  /** Writes what the source reads, before any decoding, into this new file; replay it with `recording:FILE`. */
  readonly record?: string
}

const PERIOD_MS = 1000

/** What a caller can mend by other arguments or another file; everything else is the host's state. */
const USAGE: ReadonlySet<string> = new Set([
  'AGENT_PROBE_SOURCE',
  'AGENT_PROBE_ARGUMENT',
  'AGENT_PROBE_FILE',
  'AGENT_PROBE_FORMAT',
  'AGENT_PROBE_LIMIT',
])

function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()))
  })
}

async function show(probe: Probe, args: ProbeArguments, stop: AbortSignal): Promise<void> {
  const readOnce =
    args.once === true ||
    (/^(nvidia-smi|dcgm-exporter|dcgm|kmsg):/.test(args.source) && !/^\w[\w-]*:https?:/.test(args.source))
  let events: ProbeEvent[] = []
  let known: KnownDevices | null = null
  await probe.start((event) => events.push(event))
  for (;;) {
    const snapshot = await probe.sample()
    const changed = changes(known, snapshot)
    known = changed.known
    const shown = probeJson(snapshot, probe.synthetic === true, [...events, ...changed.events])
    events = []
    const text = args.json ? `${JSON.stringify(shown, null, readOnce ? 2 : 0)}\n` : `${probeTable(shown)}\n`
    await print(text)
    if (readOnce || stop.aborted) return
    await wait(PERIOD_MS, undefined, { signal: stop }).catch(() => undefined)
    if (stop.aborted) return
  }
}

const RECORDABLE = ['nvml', 'nvidia-smi', 'dcgm-exporter', 'kmsg'] as const

/** A recording of a live source or file. It is called real only where the kernel has the NVIDIA driver loaded. */
function openRecordingOf(source: string, path: string): RecordingWriter {
  const kind = RECORDABLE.find((one) => source === one || source.startsWith(`${one}:`))
  if (kind === undefined)
    throw probeError('AGENT_PROBE_ARGUMENT', {
      option: '--record',
      found: source,
      wanted: RECORDABLE.join(', '),
    })
  const live = source === kind && !process.env.ASSAY_NVML_LIBRARY
  return new RecordingWriter(path, {
    source: kind,
    realHardware: live && existsSync('/proc/driver/nvidia/version'),
    madeAt: new Date().toISOString(),
    driver: null,
    note: `assay probe --source ${kind}`,
  })
}

/**
 * `assay probe`: reads a source and prints it as a table or as JSON, once or every second until Ctrl-C.
 * @returns the exit code: 0 when it was read (warnings included), 2 for arguments and files that cannot be used, 1 for
 * a source that does not answer. Errors go to stderr with their code.
 */
export async function probeCommand(args: ProbeArguments): Promise<number> {
  const ending = new AbortController()
  const end = () => ending.abort()
  process.on('SIGINT', end)
  process.on('SIGTERM', end)
  let probe: Probe | null = null
  let writer: RecordingWriter | null = null
  try {
    writer = args.record === undefined ? null : openRecordingOf(args.source, args.record)
    probe = openSource(args.source, {
      ...(args.recording === undefined ? {} : { recording: args.recording }),
      ...(writer === null ? {} : { tap: writer.tap }),
    })
    await show(probe, args, ending.signal)
    return 0
  } catch (error) {
    // A reader that has seen enough (`| head`) is no failure.
    if ((error as { code?: string }).code === 'EPIPE') return 0
    if (!(error instanceof AssayError)) throw error
    process.stderr.write(`assay probe: ${error.message}\n`)
    return USAGE.has(error.code) ? 2 : 1
  } finally {
    await probe?.stop()
    writer?.close()
    process.off('SIGINT', end)
    process.off('SIGTERM', end)
  }
}
