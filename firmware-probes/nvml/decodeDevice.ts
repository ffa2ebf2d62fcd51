import { ABSENT, type Cell, valueCell } from '#protocol/wire/cell'
import type { DeviceReading } from '#protocol/wire/reading'
import { canonicalPciBusId } from '../canonicalPciBusId.ts'
import type { SlowPart } from './decodeSlow.ts'
import type { RawCalls } from './nvmlFrame.ts'
import { cellOf, fieldCell, textOf, u32Cell, u64Cell } from './rawValues.ts'

const d = (name: string) => `nvmlDevice${name}`

/** P-states are 0 to 15; NVML says 32 for unknown. */
function pState(cell: Cell): Cell {
  return cell.presence === 'value' && cell.value > 15 ? ABSENT : cell
}

/**
 * Decodes the fast tier of one device over what its slow tier gave; the same for a live driver, a simulator and a
 * recording. Every name is written out because an object literal costs a thirtieth of a spread of this size, and this
 * runs for every device at every sample.
 */
export function decodeDevice(index: number, calls: RawCalls, slow: SlowPart): DeviceReading {
  const u32 = (name: string) => u32Cell(calls, d(name))
  const u64 = (name: string, offset = 0) => u64Cell(calls, d(name), offset)
  const { identity, metrics } = slow
  const pci = textOf(calls.get(d('GetPciInfo_v3')), 36, 68)
  return {
    index,
    identity: {
      name: identity.name,
      boardPartNumber: identity.boardPartNumber,
      pdi: identity.pdi,
      moduleIndex: identity.moduleIndex,
      vbios: identity.vbios,
      inforomImage: identity.inforomImage,
      chassisSerial: identity.chassisSerial,
      architecture: identity.architecture,
      uuid: textOf(calls.get(d('GetUUID'))),
      serial: textOf(calls.get(d('GetSerial'))),
      pciBusId: pci.presence === 'value' ? canonicalPciBusId(pci.value) : pci,
    },
    metrics: {
      powerLimitW: metrics.powerLimitW,
      powerLimitDefaultW: metrics.powerLimitDefaultW,
      powerLimitMaxW: metrics.powerLimitMaxW,
      temperatureShutdownC: metrics.temperatureShutdownC,
      temperatureSlowdownC: metrics.temperatureSlowdownC,
      temperatureMemoryMaxC: metrics.temperatureMemoryMaxC,
      temperatureGpuMaxC: metrics.temperatureGpuMaxC,
      temperatureShutdownTlimitC: metrics.temperatureShutdownTlimitC,
      temperatureSlowdownTlimitC: metrics.temperatureSlowdownTlimitC,
      temperatureMemoryMaxTlimitC: metrics.temperatureMemoryMaxTlimitC,
      temperatureGpuMaxTlimitC: metrics.temperatureGpuMaxTlimitC,
      clockGraphicsMaxMHz: metrics.clockGraphicsMaxMHz,
      clockSmMaxMHz: metrics.clockSmMaxMHz,
      clockMemoryMaxMHz: metrics.clockMemoryMaxMHz,
      eccModeCurrent: metrics.eccModeCurrent,
      eccModePending: metrics.eccModePending,
      eccCorrectedVolatileTotal: metrics.eccCorrectedVolatileTotal,
      eccCorrectedAggregateTotal: metrics.eccCorrectedAggregateTotal,
      eccUncorrectedVolatileTotal: metrics.eccUncorrectedVolatileTotal,
      eccUncorrectedAggregateTotal: metrics.eccUncorrectedAggregateTotal,
      eccSramUncorrectedAggregate: metrics.eccSramUncorrectedAggregate,
      eccSramCorrectedAggregate: metrics.eccSramCorrectedAggregate,
      eccSramThresholdExceeded: metrics.eccSramThresholdExceeded,
      remappedRowsCorrected: metrics.remappedRowsCorrected,
      remappedRowsUncorrected: metrics.remappedRowsUncorrected,
      remappedRowsPending: metrics.remappedRowsPending,
      remappedRowsFailure: metrics.remappedRowsFailure,
      remapBanksMax: metrics.remapBanksMax,
      remapBanksHigh: metrics.remapBanksHigh,
      remapBanksPartial: metrics.remapBanksPartial,
      remapBanksLow: metrics.remapBanksLow,
      remapBanksNone: metrics.remapBanksNone,
      retiredPagesSbe: metrics.retiredPagesSbe,
      retiredPagesDbe: metrics.retiredPagesDbe,
      retiredPagesPending: metrics.retiredPagesPending,
      pcieGeneration: metrics.pcieGeneration,
      pcieWidth: metrics.pcieWidth,
      pcieGenerationMax: metrics.pcieGenerationMax,
      pcieWidthMax: metrics.pcieWidthMax,
      pcieReplayTotal: metrics.pcieReplayTotal,
      nvlinkLinks: metrics.nvlinkLinks,
      nvlinkActiveLinks: metrics.nvlinkActiveLinks,
      nvlinkReplayTotal: metrics.nvlinkReplayTotal,
      nvlinkRecoveryTotal: metrics.nvlinkRecoveryTotal,
      nvlinkCrcTotal: metrics.nvlinkCrcTotal,
      processCount: metrics.processCount,
      migModeCurrent: metrics.migModeCurrent,
      migModePending: metrics.migModePending,
      migInstances: metrics.migInstances,
      persistenceMode: metrics.persistenceMode,
      fabricState: metrics.fabricState,
      utilizationEncoderPct: metrics.utilizationEncoderPct,
      utilizationDecoderPct: metrics.utilizationDecoderPct,
      fanSpeedPct: metrics.fanSpeedPct,
      violationPowerUs: metrics.violationPowerUs,
      violationThermalUs: metrics.violationThermalUs,
      utilizationGpuPct: u32('GetUtilizationRates'),
      utilizationMemoryPct: cellOf(calls, d('GetUtilizationRates'), 8, (out) =>
        valueCell(out.readUInt32LE(4)),
      ),
      memoryTotalBytes: u64('GetMemoryInfo_v2', 8),
      memoryUsedBytes: u64('GetMemoryInfo_v2', 32),
      memoryReservedBytes: u64('GetMemoryInfo_v2', 16),
      powerDrawW: u32('GetPowerUsage'),
      energyTotalJ: u64('GetTotalEnergyConsumption'),
      temperatureGpuC: u32('GetTemperature(0)'),
      temperatureMemoryC: fieldCell(calls, 82),
      temperatureMarginC: cellOf(calls, d('GetMarginTemperature'), 8, (out) => valueCell(out.readInt32LE(4))),
      clockGraphicsMHz: u32('GetClockInfo(0)'),
      clockSmMHz: u32('GetClockInfo(1)'),
      clockMemoryMHz: u32('GetClockInfo(2)'),
      clockVideoMHz: u32('GetClockInfo(3)'),
      clocksEventReasons: u64('GetCurrentClocksEventReasons'),
      performanceState: pState(u32('GetPerformanceState')),
      recoveryAction: fieldCell(calls, 230),
    },
  }
}
