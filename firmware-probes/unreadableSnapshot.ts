import type { AssayError } from '#protocol/assayError'
import { errorCell, valueCell } from '#protocol/wire/cell'
import type { DeviceIdentity, DeviceReading, ProbeSnapshot } from '#protocol/wire/reading'
import { PROBE_CODES } from './probeCodes.ts'

function unreadable(reading: DeviceReading, code: number): DeviceReading {
  const cell = errorCell(code)
  const identity = Object.fromEntries(Object.keys(reading.identity).map((key) => [key, cell]))
  const metrics = Object.fromEntries(Object.keys(reading.metrics).map((key) => [key, cell]))
  return { index: reading.index, identity: identity as DeviceIdentity, metrics }
}

/**
 * What a source that could be read before says when it cannot be read now: the same devices, every cell an error,
 * nothing with an old value, and the reason as a warning.
 */
export function unreadableSnapshot(
  last: ProbeSnapshot,
  error: AssayError,
  takenAtMs: number,
  durationUs: number,
): ProbeSnapshot {
  const code = error.code === 'AGENT_PROBE_TIMEOUT' ? PROBE_CODES.stuck : PROBE_CODES.givenUp
  return {
    ...last,
    takenAtMs,
    durationUs,
    host: { devicesFound: valueCell(last.devices.length), probeDurationUs: valueCell(durationUs) },
    devices: last.devices.map((device) => unreadable(device, code)),
    warnings: [{ code: error.code, message: error.message }],
  }
}
