import { textCell, UNSUPPORTED, valueCell } from '#protocol/wire/cell'
import type { ProbeSnapshot } from '#protocol/wire/reading'
import { DeviceMemory } from '../nvml/deviceMemory.ts'
import type { ProbeSink } from '../probe.ts'
import { PROBE_CODES } from '../probeCodes.ts'
import type { RawNvml, RawSample } from './rawSample.ts'

/** Turns raw samples into snapshots by the decoders that live probes use. Keeps what delta-coded lines build upon. */
export class ReplayDecoder {
  readonly #source: string
  readonly #memory = new Map<number, DeviceMemory>()

  constructor(source: string) {
    this.#source = source
  }

  /** One snapshot, as if read at `atMs`; events found in text go to `sink`. */
  decode(raw: RawSample, atMs: number, _sink: ProbeSink): ProbeSnapshot {
    return this.#nvml(raw as RawNvml, atMs)
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
