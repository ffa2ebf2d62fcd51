import { type Cell, valueCell } from '#protocol/wire/cell'
import { METRICS, type MetricName } from '#protocol/wire/metrics'
import type { DeviceReading, ProbeSnapshot } from '#protocol/wire/reading'

/** Metrics that only rise. */
const RISING: readonly MetricName[] = METRICS.filter(
  ({ kind }) => kind === 'counter' || kind === 'lifetime',
).map(({ name }) => name)

type Track = { first: number; last: number; offset: number }

/** Lets counters of a looped replay go on where the round before ended, instead of falling back to its start. */
export class CounterCarry {
  readonly #tracks = new Map<string, Track>()

  /** The recording begins again. */
  wrap(): void {
    for (const track of this.#tracks.values()) {
      track.offset += track.last - track.first
      track.first = Number.NaN
    }
  }

  /** The snapshot with its counters carried on; everything else as it was. */
  apply(snapshot: ProbeSnapshot): ProbeSnapshot {
    return { ...snapshot, devices: snapshot.devices.map((device) => this.#device(device)) }
  }

  #device(device: DeviceReading): DeviceReading {
    let carried: Partial<Record<MetricName, Cell>> | null = null
    for (const name of RISING) {
      const cell = device.metrics[name]
      if (cell?.presence !== 'value') continue
      const offset = this.#offset(`${device.index} ${name}`, cell.value)
      if (offset === 0) continue
      carried ??= { ...device.metrics }
      carried[name] = valueCell(cell.value + offset)
    }
    return carried === null ? device : { ...device, metrics: carried }
  }

  #offset(key: string, value: number): number {
    const track = this.#tracks.get(key)
    if (track === undefined) {
      this.#tracks.set(key, { first: value, last: value, offset: 0 })
      return 0
    }
    if (Number.isNaN(track.first)) track.first = value
    track.last = value
    return track.offset
  }
}
