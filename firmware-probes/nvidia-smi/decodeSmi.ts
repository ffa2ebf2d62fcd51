import { type Cell, errorCell, type TextCell, textCell, UNSUPPORTED, valueCell } from '#protocol/wire/cell'
import type { MetricName } from '#protocol/wire/metrics'
import type { DeviceIdentity, DeviceReading } from '#protocol/wire/reading'
import { canonicalPciBusId } from '../canonicalPciBusId.ts'
import { PROBE_CODES } from '../probeCodes.ts'
import { noValue, smiChoice, smiNumber, smiWords } from './smiText.ts'
import { listAt, type SmiTree, textAt } from './smiTree.ts'

const MIB = 1024 * 1024
const ON_OFF = { enabled: 1, disabled: 0 } as const
const YES_NO = { yes: 1, no: 0 } as const
const RECOVERY = {
  none: 0,
  reset: 1,
  'gpu reset': 1,
  reboot: 2,
  'node reboot': 2,
  'drain p2p': 3,
  'drain and reset': 4,
  'recover imex domain': 5,
} as const
const FABRIC = { 'not started': 1, 'in progress': 2, completed: 3 } as const

/** Clock event reasons by their element name, as the bits that NVML gives them. */
const REASONS = {
  gpu_idle: 0x1,
  applications_clocks_setting: 0x2,
  sw_power_cap: 0x4,
  hw_slowdown: 0x8,
  sync_boost: 0x10,
  sw_thermal_slowdown: 0x20,
  hw_thermal_slowdown: 0x40,
  hw_power_brake_slowdown: 0x80,
  display_clocks_setting: 0x100,
} as const

/** The sum of the parts that this device counts; a part that could not be read makes the sum unreadable. */
function total(...parts: readonly Cell[]): Cell {
  const counted = parts.filter((part) => part.presence !== 'unsupported')
  const broken = counted.find((part) => part.presence === 'error' || part.presence === 'forbidden')
  if (broken !== undefined) return broken
  const values = counted.flatMap((part) => (part.presence === 'value' ? [part.value] : []))
  if (values.length > 0) return valueCell(values.reduce((sum, value) => sum + value, 0))
  return counted[0] ?? UNSUPPORTED
}

/** The first of several names under which schemas gave the same quantity. */
function firstGiven(...cells: readonly Cell[]): Cell {
  return (
    cells.find((cell) => cell.presence === 'value') ??
    cells.find((c) => c.presence !== 'absent') ??
    cells[0] ??
    UNSUPPORTED
  )
}

function pdiOf(gpu: SmiTree): TextCell {
  const text = textAt(gpu, 'pdi')
  const none = noValue(text)
  if (none !== null) return none
  const hex = /^0x([0-9a-f]{1,16})$/i.exec(text ?? '')?.[1]
  return hex === undefined ? errorCell(PROBE_CODES.malformed) : textCell(hex.toLowerCase().padStart(16, '0'))
}

function identityOf(gpu: SmiTree): DeviceIdentity {
  const pci = smiWords(textAt(gpu, 'pci/pci_bus_id', '$/id'))
  return {
    name: smiWords(textAt(gpu, 'product_name')),
    uuid: smiWords(textAt(gpu, 'uuid')),
    serial: smiWords(textAt(gpu, 'serial')),
    boardPartNumber: smiWords(textAt(gpu, 'board_part_number')),
    pdi: pdiOf(gpu),
    moduleIndex: smiWords(textAt(gpu, 'platformInfo/module_id', 'gpu_module_id')),
    vbios: smiWords(textAt(gpu, 'vbios_version')),
    inforomImage: smiWords(textAt(gpu, 'inforom_version/img_version')),
    pciBusId: pci.presence === 'value' ? canonicalPciBusId(pci.value) : pci,
    chassisSerial: smiWords(textAt(gpu, 'platformInfo/chassis_serial_number')),
    architecture: smiWords(textAt(gpu, 'product_architecture')),
  }
}

function reasonsOf(gpu: SmiTree): Cell {
  let mask = 0
  for (const [name, bit] of Object.entries(REASONS)) {
    const text = textAt(
      gpu,
      `clocks_event_reasons/clocks_event_reason_${name}`,
      `clocks_throttle_reasons/clocks_throttle_reason_${name}`,
    )
    const cell = smiChoice(text, { active: bit, 'not active': 0 })
    if (cell.presence === 'value') mask += cell.value
    else if (cell.presence !== 'absent') return cell
    else if (name === 'gpu_idle') return cell
  }
  return valueCell(mask)
}

/** ECC totals: newer schemas count SRAM and DRAM, older ones give single and double bit totals. */
function eccOf(gpu: SmiTree): Partial<Record<MetricName, Cell>> {
  const count = (path: string) => smiNumber(textAt(gpu, `ecc_errors/${path}`), '')
  const uncorrectedSram = (scope: string) =>
    firstGiven(
      count(`${scope}/sram_uncorrectable`),
      total(count(`${scope}/sram_uncorrectable_parity`), count(`${scope}/sram_uncorrectable_secded`)),
    )
  const corrected = (scope: string) =>
    firstGiven(
      total(count(`${scope}/sram_correctable`), count(`${scope}/dram_correctable`)),
      count(`${scope}/single_bit/total`),
    )
  const uncorrected = (scope: string) =>
    firstGiven(
      total(uncorrectedSram(scope), count(`${scope}/dram_uncorrectable`)),
      count(`${scope}/double_bit/total`),
    )
  return {
    eccModeCurrent: smiChoice(textAt(gpu, 'ecc_mode/current_ecc'), ON_OFF),
    eccModePending: smiChoice(textAt(gpu, 'ecc_mode/pending_ecc'), ON_OFF),
    eccCorrectedVolatileTotal: corrected('volatile'),
    eccUncorrectedVolatileTotal: uncorrected('volatile'),
    eccCorrectedAggregateTotal: corrected('aggregate'),
    eccUncorrectedAggregateTotal: uncorrected('aggregate'),
    eccSramCorrectedAggregate: count('aggregate/sram_correctable'),
    eccSramUncorrectedAggregate: uncorrectedSram('aggregate'),
    eccSramThresholdExceeded: smiChoice(textAt(gpu, 'ecc_errors/aggregate/sram_threshold_exceeded'), YES_NO),
  }
}

function memoryRepair(gpu: SmiTree): Partial<Record<MetricName, Cell>> {
  const rows = (name: string) => textAt(gpu, `remapped_rows/remapped_row_${name}`)
  const banks = (name: string) =>
    smiNumber(textAt(gpu, `remapped_rows/row_remapper_histogram/row_remapper_histogram_${name}`), 'bank(s)')
  const retired = (cause: string) => smiNumber(textAt(gpu, `retired_pages/${cause}/retired_count`), '')
  return {
    remappedRowsCorrected: smiNumber(rows('corr'), ''),
    remappedRowsUncorrected: smiNumber(rows('unc'), ''),
    remappedRowsPending: smiChoice(rows('pending'), YES_NO),
    remappedRowsFailure: smiChoice(rows('failure'), YES_NO),
    remapBanksMax: banks('max'),
    remapBanksHigh: banks('high'),
    remapBanksPartial: banks('partial'),
    remapBanksLow: banks('low'),
    remapBanksNone: banks('none'),
    retiredPagesSbe: retired('multiple_single_bit_retirement'),
    retiredPagesDbe: retired('double_bit_retirement'),
    retiredPagesPending: smiChoice(
      textAt(gpu, 'retired_pages/pending_retirement', 'retired_pages/pending_blacklist'),
      YES_NO,
    ),
  }
}

function thermalAndPower(gpu: SmiTree): Partial<Record<MetricName, Cell>> {
  const celsius = (name: string) => smiNumber(textAt(gpu, `temperature/${name}`), 'C')
  const watts = (...names: readonly string[]) =>
    firstGiven(
      ...names.flatMap((name) => [
        smiNumber(textAt(gpu, `gpu_power_readings/${name}`), 'W', 1000),
        smiNumber(textAt(gpu, `power_readings/${name}`), 'W', 1000),
      ]),
    )
  const heldUs = (name: string) =>
    smiNumber(textAt(gpu, `clocks_event_reasons_counters/clocks_event_reasons_counters_${name}`), 'us')
  return {
    temperatureGpuC: celsius('gpu_temp'),
    temperatureMemoryC: celsius('memory_temp'),
    temperatureMarginC: celsius('gpu_temp_tlimit'),
    temperatureShutdownC: celsius('gpu_temp_max_threshold'),
    temperatureSlowdownC: celsius('gpu_temp_slow_threshold'),
    temperatureGpuMaxC: celsius('gpu_temp_max_gpu_threshold'),
    temperatureMemoryMaxC: celsius('gpu_temp_max_mem_threshold'),
    temperatureShutdownTlimitC: celsius('gpu_temp_max_tlimit_threshold'),
    temperatureSlowdownTlimitC: celsius('gpu_temp_slow_tlimit_threshold'),
    temperatureGpuMaxTlimitC: celsius('gpu_temp_max_gpu_tlimit_threshold'),
    temperatureMemoryMaxTlimitC: celsius('gpu_temp_max_mem_tlimit_threshold'),
    powerDrawW: watts('power_draw', 'average_power_draw', 'instant_power_draw'),
    powerLimitW: watts('current_power_limit', 'enforced_power_limit', 'power_limit'),
    powerLimitDefaultW: watts('default_power_limit'),
    powerLimitMaxW: watts('max_power_limit'),
    violationPowerUs: heldUs('sw_power_cap'),
    violationThermalUs: total(heldUs('sw_therm_slowdown'), heldUs('hw_therm_slowdown')),
  }
}

function linksAndClocks(gpu: SmiTree): Partial<Record<MetricName, Cell>> {
  const link = (path: string) => textAt(gpu, `pci/pci_gpu_link_info/${path}`)
  const mhz = (path: string) => smiNumber(textAt(gpu, path), 'MHz')
  return {
    pcieGeneration: smiNumber(link('pcie_gen/current_link_gen'), ''),
    pcieGenerationMax: smiNumber(link('pcie_gen/max_link_gen'), ''),
    pcieWidth: smiNumber(link('link_widths/current_link_width'), 'x'),
    pcieWidthMax: smiNumber(link('link_widths/max_link_width'), 'x'),
    pcieReplayTotal: smiNumber(textAt(gpu, 'pci/replay_counter'), ''),
    clockGraphicsMHz: mhz('clocks/graphics_clock'),
    clockSmMHz: mhz('clocks/sm_clock'),
    clockMemoryMHz: mhz('clocks/mem_clock'),
    clockVideoMHz: mhz('clocks/video_clock'),
    clockGraphicsMaxMHz: mhz('max_clocks/graphics_clock'),
    clockSmMaxMHz: mhz('max_clocks/sm_clock'),
    clockMemoryMaxMHz: mhz('max_clocks/mem_clock'),
    clocksEventReasons: reasonsOf(gpu),
    performanceState: smiNumber(textAt(gpu, 'performance_state')?.replace(/^P(?=\d)/, ''), ''),
    fabricState: smiChoice(textAt(gpu, 'fabric/state'), FABRIC),
  }
}

/** Compute processes. An element without content says that there is none; a missing one says nothing. */
function processCountOf(gpu: SmiTree): Cell {
  const text = textAt(gpu, 'processes')
  if (text === '') return valueCell(0)
  const processes = listAt(gpu, 'processes/process_info')
  if (processes.length === 0) return noValue(text) ?? errorCell(PROBE_CODES.malformed)
  return valueCell(processes.filter((one) => textAt(one, 'type')?.includes('C')).length)
}

function useOf(gpu: SmiTree): Partial<Record<MetricName, Cell>> {
  const bytes = (name: string) => smiNumber(textAt(gpu, `fb_memory_usage/${name}`), 'MiB', MIB)
  const percent = (path: string) => smiNumber(textAt(gpu, path), '%')
  const mode = smiChoice(textAt(gpu, 'mig_mode/current_mig'), ON_OFF)
  return {
    utilizationGpuPct: percent('utilization/gpu_util'),
    utilizationMemoryPct: percent('utilization/memory_util'),
    utilizationEncoderPct: percent('utilization/encoder_util'),
    utilizationDecoderPct: percent('utilization/decoder_util'),
    fanSpeedPct: percent('fan_speed'),
    memoryTotalBytes: bytes('total'),
    memoryUsedBytes: bytes('used'),
    memoryReservedBytes: bytes('reserved'),
    migModeCurrent: mode,
    migModePending: smiChoice(textAt(gpu, 'mig_mode/pending_mig'), ON_OFF),
    migInstances: mode.presence === 'value' ? valueCell(listAt(gpu, 'mig_devices/mig_device').length) : mode,
    persistenceMode: smiChoice(textAt(gpu, 'persistence_mode'), ON_OFF),
    recoveryAction: smiChoice(textAt(gpu, 'gpu_recovery_action'), RECOVERY),
    processCount: processCountOf(gpu),
  }
}

/** Decodes one `gpu` element of any known schema. */
export function decodeSmiGpu(index: number, gpu: SmiTree): DeviceReading {
  const number = (tree: SmiTree, path: string, unit: string, scale = 1) =>
    smiNumber(textAt(tree, path), unit, scale)
  const partitions = listAt(gpu, 'mig_devices/mig_device').map((slice) => ({
    index: number(slice, 'index', ''),
    gpuInstanceId: number(slice, 'gpu_instance_id', ''),
    computeInstanceId: number(slice, 'compute_instance_id', ''),
    multiprocessors: number(slice, 'device_attributes/shared/multiprocessor_count', ''),
    memoryTotalBytes: number(slice, 'fb_memory_usage/total', 'MiB', MIB),
    memoryUsedBytes: number(slice, 'fb_memory_usage/used', 'MiB', MIB),
    eccSramUncorrectedVolatile: number(slice, 'ecc_error_count/volatile_count/sram_uncorrectable', ''),
  }))
  const metrics = {
    ...useOf(gpu),
    ...thermalAndPower(gpu),
    ...linksAndClocks(gpu),
    ...eccOf(gpu),
    ...memoryRepair(gpu),
  }
  return { index, identity: identityOf(gpu), metrics, ...(partitions.length > 0 ? { partitions } : {}) }
}
