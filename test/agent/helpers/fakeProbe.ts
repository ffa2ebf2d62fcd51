import type { Probe, ProbeSink } from '#probes/probe'
import { ABSENT, type Cell, textCell, valueCell } from '#protocol/wire/cell'
import type { MetricName } from '#protocol/wire/metrics'
import type { DeviceReading, ProbeEvent, ProbeSnapshot } from '#protocol/wire/reading'

/** A device as a test describes it. */
export type FakeDevice = {
  index: number
  uuid: string | null
  serial: string | null
  metrics?: Partial<Record<MetricName, Cell>>
}

/** A probe whose devices a test changes while it runs. */
export type FakeProbe = Probe & {
  devices: FakeDevice[]
  /** Thrown by the next samples while set. */
  failure: Error | null
  /** Makes samples hang while true. */
  isHung: boolean
  /** How long a sample takes. */
  delayMs: number
  emit(event: ProbeEvent): void
  readonly samples: number
}

/** A probe of `count` devices. */
export function createFakeProbe(count: number): FakeProbe {
  let sink: ProbeSink = () => {}
  let samples = 0
  const probe = {
    name: 'fake',
    devices: Array.from({ length: count }, (_, index) => ({
      index,
      uuid: `GPU-0000000${index}-1111-2222-3333-444444444444`,
      serial: `16500000000${index}`,
    })) as FakeDevice[],
    failure: null as Error | null,
    isHung: false,
    delayMs: 0,
    get samples() {
      return samples
    },
    async start(given: ProbeSink) {
      sink = given
    },
    async stop() {
      sink = () => {}
    },
    emit: (event: ProbeEvent) => sink(event),
    async sample(): Promise<ProbeSnapshot> {
      if (probe.failure) throw probe.failure
      if (probe.isHung) return new Promise(() => {})
      if (probe.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, probe.delayMs))
      samples++
      return {
        source: 'fake',
        takenAtMs: Date.now(),
        durationUs: 100,
        driverVersion: textCell('580.1'),
        host: {},
        devices: probe.devices.map((device) => readingOf(device, samples)),
        warnings: [],
      }
    },
  }
  return probe
}

function readingOf(device: FakeDevice, tick: number): DeviceReading {
  const text = (value: string | null) => (value === null ? ABSENT : textCell(value))
  return {
    index: device.index,
    identity: {
      name: textCell('NVIDIA H200'),
      uuid: text(device.uuid),
      serial: text(device.serial),
      boardPartNumber: textCell('692-2G520-0280-000'),
      pdi: ABSENT,
      moduleIndex: ABSENT,
      vbios: textCell('96.00'),
      inforomImage: ABSENT,
      pciBusId: textCell(`00000000:0${device.index}:00.0`),
      chassisSerial: ABSENT,
      architecture: ABSENT,
    },
    metrics: device.metrics ?? {
      temperatureGpuC: valueCell(40 + (tick % 7)),
      powerDrawW: valueCell(300_000 + tick),
      memoryUsedBytes: valueCell(1024),
    },
  }
}
