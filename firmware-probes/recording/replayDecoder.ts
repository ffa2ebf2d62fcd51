import { textCell, UNSUPPORTED, valueCell } from '#protocol/wire/cell'
import type { ProbeSnapshot } from '#protocol/wire/reading'
import { decodePage } from '../dcgm/decodePage.ts'
import { parsePrometheus } from '../dcgm/parsePrometheus.ts'
import { kernelLine } from '../kmsg/kernelLine.ts'
import { KmsgDecoder } from '../kmsg/kmsgDecoder.ts'
import { parseSmiXml } from '../nvidia-smi/parseSmiXml.ts'
import { smiSnapshot } from '../nvidia-smi/smiSnapshot.ts'
import { DeviceMemory } from '../nvml/deviceMemory.ts'
import type { ProbeSink } from '../probe.ts'
import { PROBE_CODES } from '../probeCodes.ts'
import type { RawNvml, RawSample } from './rawSample.ts'

/** Turns raw samples into snapshots by the decoders that live probes use. Keeps what delta-coded lines build upon. */
export class ReplayDecoder {
  readonly #source: string
  readonly #memory = new Map<number, DeviceMemory>()
  readonly #kmsg = new KmsgDecoder()

  constructor(source: string) {
    this.#source = source
  }

  /** One snapshot, as if read at `atMs`; events found in text go to `sink`. @throws AssayError AGENT_PROBE_FORMAT */
  decode(raw: RawSample, atMs: number, sink: ProbeSink): ProbeSnapshot {
    if (raw.kind === 'nvml') return this.#nvml(raw, atMs)
    const meta = { source: this.#source, takenAtMs: atMs, durationUs: raw.durationUs }
    if (raw.kind === 'nvidia-smi') return smiSnapshot(parseSmiXml(raw.text, this.#source), meta)
    if (raw.kind === 'dcgm-exporter') return decodePage(parsePrometheus(raw.text, this.#source), meta)
    for (const line of raw.text.split('\n')) {
      const message = kernelLine(line)
      if (message !== null) for (const event of this.#kmsg.take(message, atMs)) sink({ ...event, atMs })
    }
    const devices = this.#kmsg.devices()
    const host = { devicesFound: valueCell(devices.length) }
    return { ...meta, driverVersion: UNSUPPORTED, host, devices, warnings: this.#kmsg.warnings }
  }

  #nvml(raw: RawNvml, atMs: number): ProbeSnapshot {
    for (const { index, handle, calls } of raw.devices) {
      if (handle === 0) this.#device(index).merge(calls)
      else this.#device(index).fail(handle)
    }
    const held = raw.devices.filter(
      ({ handle }) => handle === PROBE_CODES.stuck || handle === PROBE_CODES.crashed,
    )
    return {
      source: this.#source,
      takenAtMs: atMs,
      durationUs: raw.durationUs,
      driverVersion: raw.driver === null ? UNSUPPORTED : textCell(raw.driver),
      host: {
        devicesFound: valueCell(raw.count),
        devicesQuarantined: valueCell(held.length),
        probeDurationUs: valueCell(raw.durationUs),
      },
      devices: Array.from({ length: raw.count }, (_, index) => this.#device(index).reading(index)),
      warnings: [],
    }
  }

  #device(index: number): DeviceMemory {
    const known = this.#memory.get(index)
    if (known !== undefined) return known
    const fresh = new DeviceMemory(index)
    this.#memory.set(index, fresh)
    return fresh
  }
}
