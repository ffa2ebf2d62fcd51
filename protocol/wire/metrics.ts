/** How a metric behaves over time: a `counter` only rises between resets, a `lifetime` counter survives power cycles. */
export type MetricKind = 'gauge' | 'counter' | 'lifetime' | 'state'

/** One numeric quantity that a segment column can carry. */
export type Metric = {
  /** Wire id; never reused. */
  readonly id: number
  /** Name with its unit, as shown to people and in `assay probe --json`. */
  readonly name: string
  /** Wire integer = shown value x scale, rounded half away from zero. */
  readonly scale: number
  readonly kind: MetricKind
  readonly about: string
}

const m = <N extends string>(id: number, name: N, kind: MetricKind, about: string, scale = 1) =>
  ({ id, name, scale, kind, about }) as const

/** The dictionary of device metrics (ids 1 to 199) and host metrics (ids from 200), by field-of-the-trade name. */
export const METRICS = [
  m(1, 'utilizationGpuPct', 'gauge', 'share of the last sample period in which a kernel ran'),
  m(
    2,
    'utilizationMemoryPct',
    'gauge',
    'share of the last sample period in which memory was read or written',
  ),
  m(3, 'memoryTotalBytes', 'gauge', 'frame buffer size'),
  m(4, 'memoryUsedBytes', 'gauge', 'frame buffer in use'),
  m(5, 'memoryReservedBytes', 'gauge', 'frame buffer reserved by the driver'),
  m(6, 'powerDrawW', 'gauge', 'board power', 1000),
  m(7, 'powerLimitW', 'gauge', 'enforced power limit', 1000),
  m(8, 'energyTotalJ', 'counter', 'energy since the driver loaded', 1000),
  m(9, 'temperatureGpuC', 'gauge', 'GPU core temperature'),
  m(10, 'temperatureMemoryC', 'gauge', 'HBM temperature'),
  m(11, 'temperatureMarginC', 'gauge', 'degrees left until thermal slowdown'),
  m(12, 'temperatureSlowdownC', 'gauge', 'slowdown threshold'),
  m(13, 'temperatureShutdownC', 'gauge', 'shutdown threshold'),
  m(14, 'temperatureMemoryMaxC', 'gauge', 'memory temperature limit'),
  m(15, 'temperatureGpuMaxC', 'gauge', 'highest operating GPU temperature'),
  m(16, 'clockGraphicsMHz', 'gauge', 'graphics clock'),
  m(17, 'clockSmMHz', 'gauge', 'SM clock'),
  m(18, 'clockMemoryMHz', 'gauge', 'memory clock'),
  m(19, 'clockVideoMHz', 'gauge', 'video clock'),
  m(20, 'clockGraphicsMaxMHz', 'gauge', 'highest graphics clock'),
  m(21, 'clockSmMaxMHz', 'gauge', 'highest SM clock'),
  m(22, 'clockMemoryMaxMHz', 'gauge', 'highest memory clock'),
  m(23, 'clocksEventReasons', 'state', 'bit mask of clock event reasons (NVML)'),
  m(24, 'performanceState', 'state', 'P-state, 0 is the fastest'),
  m(25, 'eccModeCurrent', 'state', '1 when ECC is on'),
  m(26, 'eccModePending', 'state', '1 when ECC will be on after the next reset'),
  m(27, 'eccCorrectedVolatileTotal', 'counter', 'corrected errors since the driver loaded'),
  m(28, 'eccUncorrectedVolatileTotal', 'counter', 'uncorrected errors since the driver loaded'),
  m(29, 'eccCorrectedAggregateTotal', 'lifetime', 'corrected errors over the life of the board'),
  m(30, 'eccUncorrectedAggregateTotal', 'lifetime', 'uncorrected errors over the life of the board'),
  m(31, 'eccSramCorrectedAggregate', 'lifetime', 'corrected SRAM errors over the life of the board'),
  m(
    32,
    'eccSramUncorrectedAggregate',
    'lifetime',
    'uncorrected SRAM errors (parity and SEC-DED) over the life of the board',
  ),
  m(33, 'eccSramThresholdExceeded', 'state', '1 when the SRAM error threshold (an RMA hint) was passed'),
  m(34, 'remappedRowsCorrected', 'lifetime', 'rows remapped because of corrected errors'),
  m(35, 'remappedRowsUncorrected', 'lifetime', 'rows remapped because of uncorrected errors'),
  m(36, 'remappedRowsPending', 'state', '1 when a remap waits for the next reset'),
  m(37, 'remappedRowsFailure', 'state', '1 when a remap failed (an RMA criterion)'),
  m(38, 'remapBanksMax', 'gauge', 'banks with all spare rows left'),
  m(39, 'remapBanksHigh', 'gauge', 'banks with many spare rows left'),
  m(40, 'remapBanksPartial', 'gauge', 'banks with some spare rows left'),
  m(41, 'remapBanksLow', 'gauge', 'banks with few spare rows left'),
  m(42, 'remapBanksNone', 'gauge', 'banks without a spare row'),
  m(43, 'retiredPagesSbe', 'lifetime', 'pages retired because of single-bit errors'),
  m(44, 'retiredPagesDbe', 'lifetime', 'pages retired because of double-bit errors'),
  m(45, 'retiredPagesPending', 'state', '1 when a page retirement waits for the next reset'),
  m(46, 'pcieGeneration', 'state', 'current PCIe generation'),
  m(47, 'pcieWidth', 'state', 'current PCIe lanes'),
  m(48, 'pcieGenerationMax', 'state', 'highest PCIe generation'),
  m(49, 'pcieWidthMax', 'state', 'highest number of PCIe lanes'),
  m(50, 'pcieReplayTotal', 'counter', 'PCIe replays'),
  m(51, 'nvlinkActiveLinks', 'state', 'NVLinks that are up'),
  m(52, 'nvlinkLinks', 'state', 'NVLinks that the device reports a state for'),
  m(53, 'nvlinkReplayTotal', 'counter', 'NVLink replays, all links'),
  m(54, 'nvlinkRecoveryTotal', 'counter', 'NVLink recoveries, all links'),
  m(55, 'nvlinkCrcTotal', 'counter', 'NVLink CRC errors, all links'),
  m(56, 'processCount', 'gauge', 'compute processes on the device'),
  m(57, 'migModeCurrent', 'state', '1 when the device is partitioned (MIG)'),
  m(58, 'migModePending', 'state', '1 when MIG will be on after the next reset'),
  m(59, 'migInstances', 'gauge', 'MIG instances present'),
  m(60, 'persistenceMode', 'state', '1 when the driver stays loaded without clients'),
  m(
    61,
    'recoveryAction',
    'state',
    '0 none, 1 reset, 2 reboot, 3 drain P2P, 4 drain and reset, 5 IMEX domain',
  ),
  m(62, 'powerLimitDefaultW', 'gauge', 'default power limit', 1000),
  m(63, 'powerLimitMaxW', 'gauge', 'highest settable power limit', 1000),
  m(64, 'fabricState', 'state', 'NVLink fabric state (NVML)'),
  m(65, 'utilizationEncoderPct', 'gauge', 'encoder utilisation'),
  m(66, 'utilizationDecoderPct', 'gauge', 'decoder utilisation'),
  m(67, 'fanSpeedPct', 'gauge', 'fan speed'),
  m(68, 'violationThermalUs', 'counter', 'time clocks were held down by temperature'),
  m(69, 'violationPowerUs', 'counter', 'time clocks were held down by the power cap'),
  m(70, 'smActiveRatio', 'gauge', 'share of cycles with a warp on an SM (profiling)', 10000),
  m(71, 'tensorActiveRatio', 'gauge', 'share of cycles with the tensor pipe busy (profiling)', 10000),
  m(72, 'dramActiveRatio', 'gauge', 'share of cycles with DRAM busy (profiling)', 10000),
  m(
    73,
    'graphicsEngineActiveRatio',
    'gauge',
    'share of time with the graphics engine busy (profiling)',
    10000,
  ),
  m(74, 'temperatureShutdownTlimitC', 'gauge', 'T.Limit margin at which the GPU shuts down'),
  m(75, 'temperatureSlowdownTlimitC', 'gauge', 'T.Limit margin at which clocks are slowed down'),
  m(76, 'temperatureMemoryMaxTlimitC', 'gauge', 'T.Limit margin at the memory temperature limit'),
  m(77, 'temperatureGpuMaxTlimitC', 'gauge', 'T.Limit margin at the highest operating GPU temperature'),
  m(200, 'devicesFound', 'state', 'accelerators that the source answered for'),
  m(201, 'devicesQuarantined', 'state', 'accelerators that the watchdog keeps out of sampling'),
  m(202, 'probeDurationUs', 'gauge', 'time that the probe took for this sample'),
  m(203, 'bootTimeS', 'state', 'start of the host in seconds of Unix time'),
] as const satisfies readonly Metric[]

export type MetricName = (typeof METRICS)[number]['name']

const byName: ReadonlyMap<string, Metric> = new Map(METRICS.map((metric) => [metric.name, metric]))
const byId: ReadonlyMap<number, Metric> = new Map(METRICS.map((metric) => [metric.id, metric]))

/** The metric of a name; names outside the dictionary do not type-check. */
export function metricByName(name: MetricName): Metric {
  return byName.get(name) as Metric
}

/** The metric of a wire id, or undefined for an id of a newer dictionary. */
export function metricById(id: number): Metric | undefined {
  return byId.get(id)
}
