import type { MetricName } from '#protocol/wire/metrics'
import type { PromName } from './promNames.ts'

const to = (metric: MetricName, wire = 1): PromName => ({ metric, wire })
const mhz = (metric: MetricName) => to(metric, 1e-6)
const watts = (metric: MetricName) => to(metric, 1000)
const percent = (metric: MetricName): PromName => ({ metric, wire: 100, most: 1 })
const seconds = (metric: MetricName): PromName => ({ metric, wire: 1e6 })
const known: PromName = { metric: null, wire: 0 }

const TAKEN: Readonly<Record<string, PromName>> = {
  clocks_current_graphics_clock_hz: mhz('clockGraphicsMHz'),
  clocks_current_sm_clock_hz: mhz('clockSmMHz'),
  clocks_current_memory_clock_hz: mhz('clockMemoryMHz'),
  clocks_current_video_clock_hz: mhz('clockVideoMHz'),
  clocks_max_graphics_clock_hz: mhz('clockGraphicsMaxMHz'),
  clocks_max_sm_clock_hz: mhz('clockSmMaxMHz'),
  clocks_max_memory_clock_hz: mhz('clockMemoryMaxMHz'),
  clocks_event_reasons_active: to('clocksEventReasons'),
  clocks_event_reasons_counters_sw_power_cap_seconds: seconds('violationPowerUs'),
  clocks_event_reasons_counters_sw_thermal_slowdown_seconds: { ...seconds('violationThermalUs'), add: true },
  clocks_event_reasons_counters_hw_thermal_slowdown_seconds: { ...seconds('violationThermalUs'), add: true },
  compute_apps: to('processCount'),
  ecc_errors_corrected_volatile_total: to('eccCorrectedVolatileTotal'),
  ecc_errors_uncorrected_volatile_total: to('eccUncorrectedVolatileTotal'),
  ecc_errors_corrected_aggregate_total: to('eccCorrectedAggregateTotal'),
  ecc_errors_uncorrected_aggregate_total: to('eccUncorrectedAggregateTotal'),
  ecc_errors_corrected_aggregate_sram: to('eccSramCorrectedAggregate'),
  ecc_errors_uncorrected_aggregate_sram: to('eccSramUncorrectedAggregate'),
  ecc_errors_uncorrected_aggregate_sram_threshold_exceeded: to('eccSramThresholdExceeded'),
  ecc_mode_current: to('eccModeCurrent'),
  ecc_mode_pending: to('eccModePending'),
  energy_joules_total: to('energyTotalJ', 1000),
  enforced_power_limit_watts: watts('powerLimitW'),
  fabric_state: to('fabricState'),
  fan_speed_ratio: { metric: 'fanSpeedPct', wire: 100, most: 2 },
  gpu_recovery_action: to('recoveryAction'),
  memory_total_bytes: to('memoryTotalBytes'),
  memory_used_bytes: to('memoryUsedBytes'),
  memory_reserved_bytes: to('memoryReservedBytes'),
  mig_mode_current: to('migModeCurrent'),
  mig_mode_pending: to('migModePending'),
  pcie_link_gen_current: to('pcieGeneration'),
  pcie_link_gen_max: to('pcieGenerationMax'),
  pcie_link_width_current: to('pcieWidth'),
  pcie_link_width_max: to('pcieWidthMax'),
  persistence_mode: to('persistenceMode'),
  power_draw_watts: watts('powerDrawW'),
  power_default_limit_watts: watts('powerLimitDefaultW'),
  power_max_limit_watts: watts('powerLimitMaxW'),
  pstate: to('performanceState'),
  remapped_rows_correctable: to('remappedRowsCorrected'),
  remapped_rows_uncorrectable: to('remappedRowsUncorrected'),
  remapped_rows_pending: to('remappedRowsPending'),
  remapped_rows_failure: to('remappedRowsFailure'),
  remapped_rows_histogram_max: to('remapBanksMax'),
  remapped_rows_histogram_high: to('remapBanksHigh'),
  remapped_rows_histogram_partial: to('remapBanksPartial'),
  remapped_rows_histogram_low: to('remapBanksLow'),
  remapped_rows_histogram_none: to('remapBanksNone'),
  temperature_gpu: to('temperatureGpuC'),
  temperature_memory: to('temperatureMemoryC'),
  temperature_gpu_tlimit: to('temperatureMarginC'),
  utilization_gpu_ratio: percent('utilizationGpuPct'),
  utilization_memory_ratio: percent('utilizationMemoryPct'),
  utilization_encoder_ratio: percent('utilizationEncoderPct'),
  utilization_decoder_ratio: percent('utilizationDecoderPct'),
}

/** Parts of totals that are taken, copies of the identity, and settings without a metric. */
const LEFT: readonly string[] = [
  ...[
    'accounting_buffer_size',
    'accounting_mode',
    'c2c_mode',
    'command_exit_code',
    'compute_app_info',
    'compute_cap',
  ],
  ...['compute_app_used_memory_bytes', 'compute_apps_last_collect_success', 'compute_mode', 'count'],
  ...['clocks_event_reasons_applications_clocks_setting', 'clocks_event_reasons_gpu_idle'],
  ...['clocks_event_reasons_counters_hw_power_brake_slowdown_seconds', 'clocks_event_reasons_hw_slowdown'],
  ...['clocks_event_reasons_counters_sync_boost_seconds', 'clocks_event_reasons_hw_power_brake_slowdown'],
  ...['clocks_event_reasons_hw_thermal_slowdown', 'clocks_event_reasons_supported'],
  ...['clocks_event_reasons_sw_power_cap', 'clocks_event_reasons_sw_thermal_slowdown'],
  ...['clocks_event_reasons_sync_boost', 'display_active', 'display_attached', 'edpp_multiplier_ratio'],
  ...['encoder_stats_average_fps', 'encoder_stats_average_latency', 'encoder_stats_session_count'],
  ...[
    'fabric_clique_id',
    'failed_scrapes_total',
    'gpu_info',
    'gsp_mode_current',
    'gsp_mode_default',
    'index',
  ],
  ...[
    'inforom_ecc',
    'inforom_oem',
    'last_collect_success',
    'memory_free_bytes',
    'name',
    'pci_base_class',
    'pci_bus',
  ],
  ...[
    'pci_device',
    'pci_device_id',
    'pci_domain',
    'pci_sub_class',
    'pci_sub_device_id',
    'pcie_link_gen_gpucurrent',
  ],
  ...['pcie_link_gen_gpumax', 'pcie_link_gen_hostmax', 'platform_gpu_fabric_guid', 'platform_host_id'],
  ...['platform_module_id', 'platform_slot_number', 'platform_tray_index', 'power_draw_average_watts'],
  ...[
    'power_draw_instant_watts',
    'power_limit_watts',
    'power_min_limit_watts',
    'protected_memory_free_bytes',
  ],
  ...['protected_memory_total_bytes', 'protected_memory_used_bytes', 'serial', 'utilization_jpeg_ratio'],
  ...[
    'utilization_ofa_ratio',
    'xid_errors_total',
    'xid_last_timestamp_seconds',
    'mig_info',
    'nvml_return_code',
  ],
  ...['corrected', 'uncorrected'].flatMap((kind) =>
    ['volatile', 'aggregate'].flatMap((scope) =>
      ['device_memory', 'dram', 'sram', 'sram_l2', 'sram_mcu', 'sram_other', 'sram_parity', 'sram_pcie'].map(
        (place) => `ecc_errors_${kind}_${scope}_${place}`,
      ),
    ),
  ),
  ...['aggregate', 'volatile'].flatMap((scope) =>
    ['secded', 'sm'].map((place) => `ecc_errors_uncorrected_${scope}_sram_${place}`),
  ),
]

/** Series names of nvidia_gpu_exporter (`nvidia_smi_…`), which is scraped in place of dcgm-exporter on many hosts. */
export const NVIDIA_SMI_EXPORTER_NAMES: ReadonlyMap<string, PromName> = new Map([
  ...LEFT.map((name) => [`nvidia_smi_${name}`, known] as const),
  ...Object.entries(TAKEN).map(([name, meaning]) => [`nvidia_smi_${name}`, meaning] as const),
])
