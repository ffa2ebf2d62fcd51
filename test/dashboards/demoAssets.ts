import type { WorldAsset } from './signedWorld.ts'

const QUIET = [0, 0, 0, 0, 0, 0, 0, 0] as const
const METRICS = {
  utilizationGpuPct: 63,
  memoryTotalBytes: 150_754_820_096,
  memoryUsedBytes: 61_203_283_968,
  powerDrawW: 412.25,
  temperatureGpuC: 54,
  clockSmMHz: 1980,
  eccUncorrectedVolatileTotal: 0,
  fanSpeedPct: null,
} as const

const base: WorldAsset = {
  model: 'NVIDIA H200',
  status: 2,
  scoreBp: 5500,
  level: 0,
  confidenceBp: 4100,
  reasons: [103],
  triggers: QUIET,
  metrics: METRICS,
}

/** Assets of every kind that the page must tell apart: fine, worn, failing, silent, tampered. */
export const DEMO_ASSETS: readonly WorldAsset[] = [
  { ...base, status: 1, scoreBp: 7400, level: 3, reasons: [102] },
  { ...base, status: 3, scoreBp: 3120, reasons: [401, 103], triggers: [1, 0, 0, 0, 0, 0, 0, 0] },
  { ...base, metrics: { ...METRICS, powerDrawW: 388.5, temperatureGpuC: 51 } },
  {
    ...base,
    status: 0,
    scoreBp: 0,
    confidenceBp: 0,
    reasons: [1201],
    triggers: [0, 0, 0, 0, 0, 0, 0, 2],
    metrics: undefined,
  },
  { ...base, status: 6, scoreBp: 0, reasons: [203] },
]
