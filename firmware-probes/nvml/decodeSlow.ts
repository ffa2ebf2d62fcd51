import { ABSENT, type Cell, type TextCell, textCell, UNSUPPORTED, valueCell } from '#protocol/wire/cell'
import { MIG_SLOTS, NVLINKS } from './nvmlCalls.ts'
import { presenceOfCode } from './nvmlCodes.ts'
import type { RawCalls } from './nvmlFrame.ts'
import { cellOf, exactCell, fieldCell, hexText, textOf, u32Cell, u64Cell } from './rawValues.ts'

const ARCHITECTURES: Readonly<Record<number, string>> = {
  2: 'Kepler',
  3: 'Maxwell',
  4: 'Pascal',
  5: 'Volta',
  6: 'Turing',
  7: 'Ampere',
  8: 'Ada',
  9: 'Hopper',
  10: 'Blackwell',
}

const d = (name: string) => `nvmlDevice${name}`

/** Runs `then` on a value and passes every other presence on. */
function withValue(cell: Cell, then: (value: number) => Cell): Cell {
  return cell.presence === 'value' ? then(cell.value) : cell
}

function asText(cell: Cell, show: (value: number) => TextCell): TextCell {
  return cell.presence === 'value' ? show(cell.value) : cell
}

/** NVLinks that answered, and those of them that are up. A GPU without NVLink is unsupported, not zero. */
function links(calls: RawCalls): { readonly present: Cell; readonly up: Cell } {
  let present = 0
  let up = 0
  for (let link = 0; link < NVLINKS; link++) {
    const state = u32Cell(calls, `${d('GetNvLinkState')}(${link})`)
    if (state.presence !== 'value') continue
    present += 1
    if (state.value === 1) up += 1
  }
  if (present > 0) return { present: valueCell(present), up: valueCell(up) }
  const first = u32Cell(calls, `${d('GetNvLinkState')}(0)`)
  return { present: first, up: first }
}

function migInstances(calls: RawCalls, mode: Cell): Cell {
  return withValue(mode, (on) => {
    if (on === 0) return valueCell(0)
    let found = 0
    for (let slot = 0; slot < MIG_SLOTS; slot++) {
      const call = calls.get(`${d('GetMigDeviceHandleByIndex')}(${slot})`)
      if (call === undefined) return UNSUPPORTED
      if (call.code === 0) found += 1
      else if (call.code !== 2 && call.code !== 6) return presenceOfCode(call.code)
    }
    return valueCell(found)
  })
}

/** With room for no process NVML answers 0 for none, or 7 (insufficient size) and their number. */
function processCount(calls: RawCalls): Cell {
  const key = d('GetComputeRunningProcesses_v3')
  const call = calls.get(key)
  return u32Cell(call?.code === 7 ? new Map([[key, { ...call, code: 0 }]]) : calls, key)
}

function sum(...cells: readonly Cell[]): Cell {
  let total = 0n
  for (const cell of cells) {
    if (cell.presence !== 'value') return cell
    total += BigInt(cell.value)
  }
  return exactCell(total)
}

const microseconds = (cell: Cell): Cell => withValue(cell, (ns) => valueCell(Math.floor(ns / 1000)))

/** Decodes the slow tier of one device: what it is, its limits, error counters, links and modes. */
export function decodeSlow(calls: RawCalls) {
  const u32 = (name: string, at = 0) => u32Cell(calls, d(name), at)
  const u64 = (name: string, offset = 0) => u64Cell(calls, d(name), offset)
  const { present, up } = links(calls)
  const mig = u32('GetMigMode')
  const sram = (offset: number) => u64('GetSramEccErrorStatus', offset)
  const banks = (at: number) =>
    cellOf(calls, d('GetRowRemapperHistogram'), 20, (out) => valueCell(out.readUInt32LE(at * 4)))
  const metrics = {
    powerLimitW: u32('GetEnforcedPowerLimit'),
    powerLimitDefaultW: u32('GetPowerManagementDefaultLimit'),
    powerLimitMaxW: u32('GetPowerManagementLimitConstraints', 1),
    temperatureShutdownC: u32('GetTemperatureThreshold(0)'),
    temperatureSlowdownC: u32('GetTemperatureThreshold(1)'),
    temperatureMemoryMaxC: u32('GetTemperatureThreshold(2)'),
    temperatureGpuMaxC: u32('GetTemperatureThreshold(3)'),
    temperatureShutdownTlimitC: fieldCell(calls, 193),
    temperatureSlowdownTlimitC: fieldCell(calls, 194),
    temperatureMemoryMaxTlimitC: fieldCell(calls, 195),
    temperatureGpuMaxTlimitC: fieldCell(calls, 196),
    clockGraphicsMaxMHz: u32('GetMaxClockInfo(0)'),
    clockSmMaxMHz: u32('GetMaxClockInfo(1)'),
    clockMemoryMaxMHz: u32('GetMaxClockInfo(2)'),
    eccModeCurrent: u32('GetEccMode'),
    eccModePending: u32('GetEccMode', 1),
    eccCorrectedVolatileTotal: u64('GetTotalEccErrors(0,0)'),
    eccCorrectedAggregateTotal: u64('GetTotalEccErrors(0,1)'),
    eccUncorrectedVolatileTotal: u64('GetTotalEccErrors(1,0)'),
    eccUncorrectedAggregateTotal: u64('GetTotalEccErrors(1,1)'),
    eccSramUncorrectedAggregate: sum(sram(8), sram(16)),
    eccSramCorrectedAggregate: sram(24),
    eccSramThresholdExceeded: cellOf(calls, d('GetSramEccErrorStatus'), 100, (out) =>
      valueCell(out.readUInt32LE(96)),
    ),
    remappedRowsCorrected: u32('GetRemappedRows'),
    remappedRowsUncorrected: u32('GetRemappedRows', 1),
    remappedRowsPending: u32('GetRemappedRows', 2),
    remappedRowsFailure: u32('GetRemappedRows', 3),
    remapBanksMax: banks(0),
    remapBanksHigh: banks(1),
    remapBanksPartial: banks(2),
    remapBanksLow: banks(3),
    remapBanksNone: banks(4),
    retiredPagesSbe: fieldCell(calls, 29),
    retiredPagesDbe: fieldCell(calls, 30),
    retiredPagesPending: fieldCell(calls, 31),
    pcieGeneration: u32('GetCurrPcieLinkGeneration'),
    pcieWidth: u32('GetCurrPcieLinkWidth'),
    pcieGenerationMax: u32('GetMaxPcieLinkGeneration'),
    pcieWidthMax: u32('GetMaxPcieLinkWidth'),
    pcieReplayTotal: u32('GetPcieReplayCounter'),
    nvlinkLinks: present,
    nvlinkActiveLinks: up,
    nvlinkReplayTotal: fieldCell(calls, 52),
    nvlinkRecoveryTotal: fieldCell(calls, 59),
    nvlinkCrcTotal: sum(fieldCell(calls, 38), fieldCell(calls, 45)),
    processCount: processCount(calls),
    migModeCurrent: mig,
    migModePending: u32('GetMigMode', 1),
    migInstances: migInstances(calls, mig),
    persistenceMode: u32('GetPersistenceMode'),
    fabricState: cellOf(calls, d('GetGpuFabricInfoV'), 36, (out) =>
      out[28] === 0 ? UNSUPPORTED : valueCell(out[28] ?? 0),
    ),
    utilizationEncoderPct: u32('GetEncoderUtilization'),
    utilizationDecoderPct: u32('GetDecoderUtilization'),
    fanSpeedPct: u32('GetFanSpeed'),
    violationPowerUs: microseconds(u64('GetViolationStatus(0)', 8)),
    violationThermalUs: microseconds(u64('GetViolationStatus(1)', 8)),
  }
  return {
    metrics,
    identity: {
      name: textOf(calls.get(d('GetName'))),
      boardPartNumber: textOf(calls.get(d('GetBoardPartNumber'))),
      pdi: hexText(calls, d('GetPdi'), 8),
      moduleIndex: asText(u32('GetModuleId'), (value) => textCell(String(value))),
      vbios: textOf(calls.get(d('GetVbiosVersion'))),
      inforomImage: textOf(calls.get(d('GetInforomImageVersion'))),
      chassisSerial: textOf(calls.get(d('GetPlatformInfo')), 20, 36),
      architecture: asText(u32('GetArchitecture'), (value) => {
        const name = ARCHITECTURES[value]
        return name === undefined ? ABSENT : textCell(name)
      }),
    },
  }
}

/** What the slow tier gives to a reading; kept until it is read again. */
export type SlowPart = ReturnType<typeof decodeSlow>
