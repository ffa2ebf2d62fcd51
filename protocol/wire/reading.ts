import type { Cell, TextCell } from './cell.ts'
import type { MetricName } from './metrics.ts'

/** What a source says a device is. PROTOCOL §3: a serial alone is not a key, so every part keeps its own presence. */
export type DeviceIdentity = {
  readonly name: TextCell
  readonly uuid: TextCell
  /** Board serial as on the sticker. Two GPUs of one GB200/GB300 module share it. */
  readonly serial: TextCell
  readonly boardPartNumber: TextCell
  /** 64-bit per-device identifier (`nvmlDeviceGetPdi`) as 16 lower-case hex digits. */
  readonly pdi: TextCell
  readonly moduleIndex: TextCell
  readonly vbios: TextCell
  readonly inforomImage: TextCell
  /** Canonical `dddddddd:bb:dd.f`, lower case. */
  readonly pciBusId: TextCell
  readonly chassisSerial: TextCell
  readonly architecture: TextCell
}

/** One MIG slice of a device, where the source describes them. Shown, never collateral of its own. */
export type PartitionReading = {
  readonly index: Cell
  readonly gpuInstanceId: Cell
  readonly computeInstanceId: Cell
  readonly multiprocessors: Cell
  readonly memoryTotalBytes: Cell
  readonly memoryUsedBytes: Cell
  readonly eccSramUncorrectedVolatile: Cell
}

/** What one probe saw of one device at one time. A metric that the probe does not know is simply not listed. */
export type DeviceReading = {
  readonly index: number
  readonly identity: DeviceIdentity
  readonly metrics: Readonly<Partial<Record<MetricName, Cell>>>
  readonly partitions?: readonly PartitionReading[]
}

/** A remark that does not stop reading: an unknown schema, an unknown metric name, a line that could not be parsed. */
export type ProbeWarning = { readonly code: string; readonly message: string }

/** Everything that one probe saw at one time. */
export type ProbeSnapshot = {
  /** `nvml`, `nvidia-smi`, `dcgm-exporter`, `recording:NAME` … */
  readonly source: string
  /** Milliseconds of Unix time at which the reading began. */
  readonly takenAtMs: number
  /** How long the probe took, in microseconds. */
  readonly durationUs: number
  readonly driverVersion: TextCell
  readonly host: Readonly<Partial<Record<MetricName, Cell>>>
  readonly devices: readonly DeviceReading[]
  readonly warnings: readonly ProbeWarning[]
}

/** How a device is named by a source of events, in falling order of strength. */
export type DeviceRef = { readonly uuid?: string; readonly pciBusId?: string; readonly index?: number }

/** One thing that a probe noticed; `code` and `detail` are those of `eventCodes.ts`. */
export type ProbeEvent = {
  readonly kind: import('./eventCodes.ts').EventName
  readonly device: DeviceRef | null
  readonly atMs: number
  /** Integers only; meaning per event in `eventCodes.ts`. */
  readonly detail: readonly number[]
  /** What a person reads in the log; never signed, never sent. */
  readonly text: string
}
