import type { MetricName } from '#protocol/wire/metrics'

/**
 * What a series name means: the metric, and the factor from the source's number to the wire integer. `wire` null is a
 * name that is known and not taken. `byHelp` gives the factor where versions of the source disagree on the unit and
 * only the HELP text says which it is. `add` parts of one metric are summed. `most` bounds what its unit allows.
 */
export type PromName = {
  readonly metric: MetricName | null
  readonly wire: number
  readonly byHelp?: readonly (readonly [RegExp, number])[]
  readonly add?: true
  readonly most?: number
}

const MIB = 1024 * 1024
const to = (metric: MetricName, wire = 1): PromName => ({ metric, wire })
/** A ratio 0 to 1 shown in percent. */
const ratio = (metric: MetricName): PromName => ({ metric, wire: 100, most: 1 })
/** A profiling ratio 0 to 1. */
const share = (metric: MetricName): PromName => ({ metric, wire: 10_000, most: 1 })
const held = (metric: MetricName): PromName => ({
  metric,
  wire: Number.NaN,
  byHelp: [
    [/\(in ns\)/, 1e-3],
    [/\(in us\)/, 1],
  ],
})
const part = (metric: MetricName): PromName => ({ metric, wire: 1, add: true })
const known: PromName = { metric: null, wire: 0 }

/** Names up to dcgm-exporter 4.8: MHz, percent, MiB, mJ. */
const OLD: Readonly<Record<string, PromName>> = {
  SM_CLOCK: to('clockSmMHz'),
  MEM_CLOCK: to('clockMemoryMHz'),
  VIDEO_CLOCK: to('clockVideoMHz'),
  MAX_SM_CLOCK: to('clockSmMaxMHz'),
  MAX_MEM_CLOCK: to('clockMemoryMaxMHz'),
  GPU_TEMP: to('temperatureGpuC'),
  MEMORY_TEMP: to('temperatureMemoryC'),
  SLOWDOWN_TEMP: to('temperatureSlowdownC'),
  SHUTDOWN_TEMP: to('temperatureShutdownC'),
  GPU_MAX_OP_TEMP: to('temperatureGpuMaxC'),
  MEM_MAX_OP_TEMP: to('temperatureMemoryMaxC'),
  GPU_TEMP_LIMIT: to('temperatureMarginC'),
  POWER_USAGE: to('powerDrawW', 1000),
  ENFORCED_POWER_LIMIT: to('powerLimitW', 1000),
  POWER_MGMT_LIMIT_DEF: to('powerLimitDefaultW', 1000),
  POWER_MGMT_LIMIT_MAX: to('powerLimitMaxW', 1000),
  TOTAL_ENERGY_CONSUMPTION: to('energyTotalJ'),
  PCIE_REPLAY_COUNTER: to('pcieReplayTotal'),
  GPU_UTIL: to('utilizationGpuPct'),
  MEM_COPY_UTIL: to('utilizationMemoryPct'),
  ENC_UTIL: to('utilizationEncoderPct'),
  DEC_UTIL: to('utilizationDecoderPct'),
  FAN_SPEED: to('fanSpeedPct'),
  PSTATE: to('performanceState'),
  FB_TOTAL: to('memoryTotalBytes', MIB),
  FB_USED: to('memoryUsedBytes', MIB),
  FB_RESERVED: to('memoryReservedBytes', MIB),
  UNCORRECTABLE_REMAPPED_ROWS: to('remappedRowsUncorrected'),
  CORRECTABLE_REMAPPED_ROWS: to('remappedRowsCorrected'),
  ROW_REMAP_FAILURE: to('remappedRowsFailure'),
  ROW_REMAP_PENDING: to('remappedRowsPending'),
  BANKS_REMAP_ROWS_AVAIL_MAX: to('remapBanksMax'),
  BANKS_REMAP_ROWS_AVAIL_HIGH: to('remapBanksHigh'),
  BANKS_REMAP_ROWS_AVAIL_PARTIAL: to('remapBanksPartial'),
  BANKS_REMAP_ROWS_AVAIL_LOW: to('remapBanksLow'),
  BANKS_REMAP_ROWS_AVAIL_NONE: to('remapBanksNone'),
  RETIRED_SBE: to('retiredPagesSbe'),
  RETIRED_DBE: to('retiredPagesDbe'),
  RETIRED_PENDING: to('retiredPagesPending'),
  ECC_CURRENT: to('eccModeCurrent'),
  NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL: part('nvlinkCrcTotal'),
  NVLINK_CRC_DATA_ERROR_COUNT_TOTAL: part('nvlinkCrcTotal'),
  NVLINK_REPLAY_ERROR_COUNT_TOTAL: to('nvlinkReplayTotal'),
  NVLINK_RECOVERY_ERROR_COUNT_TOTAL: to('nvlinkRecoveryTotal'),
  CLOCK_THROTTLE_REASONS: to('clocksEventReasons'),
  PERSISTENCE_MODE: to('persistenceMode'),
  POWER_VIOLATION: held('violationPowerUs'),
  THERMAL_VIOLATION: held('violationThermalUs'),
  XID_ERRORS: known,
  XID_ERRORS_ACTIVE: known,
  COUNT: known,
  FB_FREE: known,
  NVLINK_BANDWIDTH_TOTAL: known,
  VGPU_LICENSE_STATUS: known,
  POWER_USAGE_INSTANT: known,
  PCIE_TX_THROUGHPUT: known,
  PCIE_RX_THROUGHPUT: known,
  SYNC_BOOST_VIOLATION: known,
  BOARD_LIMIT_VIOLATION: known,
  LOW_UTIL_VIOLATION: known,
  RELIABILITY_VIOLATION: known,
}

/** Names of both generations. */
const BOTH: Readonly<Record<string, PromName>> = {
  ECC_SBE_VOL_TOTAL: to('eccCorrectedVolatileTotal'),
  ECC_DBE_VOL_TOTAL: to('eccUncorrectedVolatileTotal'),
  ECC_SBE_AGG_TOTAL: to('eccCorrectedAggregateTotal'),
  ECC_DBE_AGG_TOTAL: to('eccUncorrectedAggregateTotal'),
  ECC_SBE_AGG_SRM: to('eccSramCorrectedAggregate'),
  ECC_DBE_AGG_SRM: to('eccSramUncorrectedAggregate'),
  ECC_PENDING: to('eccModePending'),
  CLOCKS_EVENT_REASONS: to('clocksEventReasons'),
  PCIE_LINK_GEN: to('pcieGeneration'),
  PCIE_LINK_WIDTH: to('pcieWidth'),
  PCIE_MAX_LINK_GEN: to('pcieGenerationMax'),
  PCIE_MAX_LINK_WIDTH: to('pcieWidthMax'),
  MIG_MODE: to('migModeCurrent'),
  FABRIC_HEALTH_MASK: known,
  FABRIC_HEALTH_SUMMARY: known,
}

/** Names from dcgm-exporter 4.9 (DCGM 4.7) on: Hz, ratios, bytes, joules. */
const NEW: Readonly<Record<string, PromName>> = {
  SM_CLOCK_HERTZ: to('clockSmMHz', 1e-6),
  MEMORY_CLOCK_HERTZ: to('clockMemoryMHz', 1e-6),
  VIDEO_CLOCK_HERTZ: to('clockVideoMHz', 1e-6),
  SM_MAX_CLOCK_HERTZ: to('clockSmMaxMHz', 1e-6),
  MEMORY_MAX_CLOCK_HERTZ: to('clockMemoryMaxMHz', 1e-6),
  GPU_TEMP_CELSIUS: to('temperatureGpuC'),
  MEMORY_TEMP_CELSIUS: to('temperatureMemoryC'),
  GPU_TEMP_MARGIN_CELSIUS: to('temperatureMarginC'),
  GPU_TEMP_SLOWDOWN_CELSIUS: to('temperatureSlowdownC'),
  GPU_TEMP_SHUTDOWN_CELSIUS: to('temperatureShutdownC'),
  GPU_MAX_OP_TEMP_CELSIUS: to('temperatureGpuMaxC'),
  MEMORY_MAX_OP_TEMP_CELSIUS: to('temperatureMemoryMaxC'),
  BOARD_POWER_WATTS: to('powerDrawW', 1000),
  BOARD_POWER_LIMIT_ENFORCED_WATTS: to('powerLimitW', 1000),
  BOARD_POWER_LIMIT_DEFAULT_WATTS: to('powerLimitDefaultW', 1000),
  BOARD_POWER_LIMIT_MAX_WATTS: to('powerLimitMaxW', 1000),
  GPU_ENERGY_JOULES_TOTAL: to('energyTotalJ', 1000),
  PCIE_REPLAY_TOTAL: to('pcieReplayTotal'),
  GPU_UTIL_RATIO: ratio('utilizationGpuPct'),
  MEMORY_UTIL_RATIO: ratio('utilizationMemoryPct'),
  ENC_UTIL_RATIO: ratio('utilizationEncoderPct'),
  DEC_UTIL_RATIO: ratio('utilizationDecoderPct'),
  FAN_SPEED_RATIO: { metric: 'fanSpeedPct', wire: 100, most: 2 },
  GPU_PSTATE: to('performanceState'),
  FB_CAPACITY_BYTES: to('memoryTotalBytes'),
  FB_USED_BYTES: to('memoryUsedBytes'),
  FB_RESERVED_BYTES: to('memoryReservedBytes'),
  ROW_REMAP_UNCORRECTABLE_TOTAL: to('remappedRowsUncorrected'),
  ROW_REMAP_CORRECTABLE_TOTAL: to('remappedRowsCorrected'),
  ROW_REMAP_FAILED: to('remappedRowsFailure'),
  BANK_REMAP_AVAIL_MAX: to('remapBanksMax'),
  BANK_REMAP_AVAIL_HIGH: to('remapBanksHigh'),
  BANK_REMAP_AVAIL_PARTIAL: to('remapBanksPartial'),
  BANK_REMAP_AVAIL_LOW: to('remapBanksLow'),
  BANK_REMAP_AVAIL_NONE: to('remapBanksNone'),
  PAGE_RETIRED_SBE_TOTAL: to('retiredPagesSbe'),
  PAGE_RETIRED_DBE_TOTAL: to('retiredPagesDbe'),
  PAGE_RETIRED_PENDING: to('retiredPagesPending'),
  ECC_MODE: to('eccModeCurrent'),
  SRAM_EXCEEDED: to('eccSramThresholdExceeded'),
  NVLINK_CRC_FLIT_ERROR_TOTAL: part('nvlinkCrcTotal'),
  NVLINK_CRC_DATA_ERROR_TOTAL: part('nvlinkCrcTotal'),
  GPU_PERSISTENCE_MODE: to('persistenceMode'),
  GPU_POWER_THROTTLE_SECONDS_TOTAL: to('violationPowerUs', 1e6),
  GPU_THERMAL_THROTTLE_SECONDS_TOTAL: to('violationThermalUs', 1e6),
  XID_ERROR: known,
  FB_FREE_BYTES: known,
  FB_USED_RATIO: known,
  BOARD_POWER_RAW_WATTS: known,
  NVLINK_THROUGHPUT_TOTAL: known,
  NVLINK_THROUGHPUT_BYTES_PER_SECOND: known,
}

const PROFILING: Readonly<Record<string, PromName>> = {
  GR_ENGINE_ACTIVE: share('graphicsEngineActiveRatio'),
  GR_ENGINE_UTIL_RATIO: share('graphicsEngineActiveRatio'),
  SM_ACTIVE: share('smActiveRatio'),
  SM_UTIL_RATIO: share('smActiveRatio'),
  PIPE_TENSOR_ACTIVE: share('tensorActiveRatio'),
  TENSOR_UTIL_RATIO: share('tensorActiveRatio'),
  DRAM_ACTIVE: share('dramActiveRatio'),
  DRAM_UTIL_RATIO: share('dramActiveRatio'),
  SM_OCCUPANCY: known,
  SM_OCCUPANCY_RATIO: known,
  PIPE_FP64_ACTIVE: known,
  PIPE_FP32_ACTIVE: known,
  PIPE_FP16_ACTIVE: known,
  FP64_UTIL_RATIO: known,
  FP32_UTIL_RATIO: known,
  FP16_UTIL_RATIO: known,
  PCIE_TX_BYTES: known,
  PCIE_RX_BYTES: known,
  NVLINK_TX_BYTES: known,
  NVLINK_RX_BYTES: known,
}

const prefixed = (prefix: string, names: Readonly<Record<string, PromName>>) =>
  Object.entries(names).map(([name, meaning]) => [`${prefix}${name}`, meaning] as const)

/** Every series name of dcgm-exporter that this release knows, of both naming generations, with its unit. */
export const DCGM_NAMES: ReadonlyMap<string, PromName> = new Map([
  ...prefixed('DCGM_FI_DEV_', OLD),
  ...prefixed('DCGM_FI_DEV_', BOTH),
  ...prefixed('DCGM_FI_DEV_', NEW),
  ...prefixed('DCGM_FI_PROF_', PROFILING),
  ...prefixed('DCGM_EXP_', {
    XID_ERRORS_COUNT: known,
    XID_ERRORS_TOTAL: known,
    CLOCK_EVENTS_COUNT: known,
    CLOCK_EVENTS_TOTAL: known,
    GPU_HEALTH_STATUS: known,
    P2P_STATUS: known,
  }),
])
