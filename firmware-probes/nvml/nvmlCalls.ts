/** One out parameter: `bytes` of zeroed memory, with the version word of a versioned struct at its start. */
export type NvmlOut = { readonly bytes: number; readonly version?: number }

/** A parameter after the device handle: an out parameter, an unsigned int by value, or a null pointer. */
export type NvmlParam = NvmlOut | number | null

/** One getter of the plan. `key` names it in recordings: the symbol with its integer arguments. */
export type NvmlCall = {
  readonly key: string
  readonly symbol: string
  /** Name of the same function in older drivers. */
  readonly alias?: string
  readonly params: readonly NvmlParam[]
}

const U32: NvmlOut = { bytes: 4 }
const U64: NvmlOut = { bytes: 8 }

/** Version word of an NVML struct: its size with the version number in the top byte. */
function versioned(bytes: number, version: number): NvmlOut {
  return { bytes, version: (bytes | (version << 24)) >>> 0 }
}

function get(name: string, ...params: readonly NvmlParam[]): NvmlCall {
  const ints = params.filter((param) => typeof param === 'number')
  const symbol = `nvmlDevice${name}`
  return { key: ints.length > 0 ? `${symbol}(${ints.join(',')})` : symbol, symbol, params }
}

/** A getter of text: a buffer and its length. */
function text(name: string, bytes: number): NvmlCall {
  const symbol = `nvmlDevice${name}`
  return { key: symbol, symbol, params: [{ bytes }, bytes] }
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i)

/** NVLinks asked for: no GPU so far has more than 18. */
export const NVLINKS = 18

/** MIG slots asked for: a GPU holds at most 7 instances. */
export const MIG_SLOTS = 7

/** Read at every sample: who answers, and what moves. */
export const FAST_CALLS: readonly NvmlCall[] = [
  text('GetUUID', 96),
  text('GetSerial', 30),
  get('GetPciInfo_v3', { bytes: 68 }),
  get('GetUtilizationRates', { bytes: 8 }),
  get('GetMemoryInfo_v2', versioned(40, 2)),
  get('GetPowerUsage', U32),
  get('GetTotalEnergyConsumption', U64),
  get('GetTemperature', 0, U32),
  get('GetMarginTemperature', versioned(8, 1)),
  ...range(4).map((clock) => get('GetClockInfo', clock, U32)),
  { ...get('GetCurrentClocksEventReasons', U64), alias: 'nvmlDeviceGetCurrentClocksThrottleReasons' },
  get('GetPerformanceState', U32),
]

/** Read every few seconds: what changes by a fault, a reset or an operator, and what costs the driver more. */
export const SLOW_CALLS: readonly NvmlCall[] = [
  text('GetName', 96),
  text('GetBoardPartNumber', 80),
  get('GetPdi', versioned(16, 1)),
  get('GetModuleId', U32),
  text('GetVbiosVersion', 32),
  text('GetInforomImageVersion', 16),
  get('GetPlatformInfo', versioned(44, 2)),
  get('GetArchitecture', U32),
  get('GetEnforcedPowerLimit', U32),
  get('GetPowerManagementDefaultLimit', U32),
  get('GetPowerManagementLimitConstraints', U32, U32),
  ...range(4).map((threshold) => get('GetTemperatureThreshold', threshold, U32)),
  ...range(3).map((clock) => get('GetMaxClockInfo', clock, U32)),
  get('GetEccMode', U32, U32),
  ...[0, 1].flatMap((type) => [0, 1].map((scope) => get('GetTotalEccErrors', type, scope, U64))),
  get('GetSramEccErrorStatus', versioned(104, 1)),
  get('GetRemappedRows', U32, U32, U32, U32),
  get('GetRowRemapperHistogram', { bytes: 20 }),
  get('GetCurrPcieLinkGeneration', U32),
  get('GetCurrPcieLinkWidth', U32),
  get('GetMaxPcieLinkGeneration', U32),
  get('GetMaxPcieLinkWidth', U32),
  get('GetPcieReplayCounter', U32),
  ...range(NVLINKS).map((link) => get('GetNvLinkState', link, U32)),
  get('GetComputeRunningProcesses_v3', U32, null),
  get('GetMigMode', U32, U32),
  ...range(MIG_SLOTS).map((slot) => get('GetMigDeviceHandleByIndex', slot, U64)),
  get('GetPersistenceMode', U32),
  get('GetGpuFabricInfoV', versioned(36, 2)),
  get('GetEncoderUtilization', U32, U32),
  get('GetDecoderUtilization', U32, U32),
  get('GetFanSpeed', U32),
  ...[0, 1].map((policy) => get('GetViolationStatus', policy, { bytes: 16 })),
]

/** Field ids (`nvmlFieldValue_t`) read at every sample: memory temperature and recovery action. */
export const FAST_FIELDS: readonly number[] = [82, 230]

/** Retired pages 29 to 31; NVLink totals: CRC flit 38, CRC data 45, replay 52, recovery 59; T.Limit offsets 193 to 196. */
export const SLOW_FIELDS: readonly number[] = [29, 30, 31, 38, 45, 52, 59, 193, 194, 195, 196]

export type NvmlTier = 'fast' | 'slow'

/** The getters and field ids of one tier. */
export function tierPlan(tier: NvmlTier): {
  readonly calls: readonly NvmlCall[]
  readonly fields: readonly number[]
} {
  return tier === 'fast'
    ? { calls: FAST_CALLS, fields: FAST_FIELDS }
    : { calls: SLOW_CALLS, fields: SLOW_FIELDS }
}
