import { errorCell, type TextCell, textCell } from '#protocol/wire/cell'
import { PROBE_CODES } from './probeCodes.ts'

/**
 * The one spelling of a PCI address in readings: `dddddddd:bb:dd.f`, lower case. Accepts domains of 4 to 8 digits
 * (NVML, nvidia-smi, kernel log) and an absent function number; anything else is malformed.
 */
export function canonicalPciBusId(text: string): TextCell {
  const match = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})(?:\.([0-7]))?$/i.exec(text.trim())
  if (match === null) return errorCell(PROBE_CODES.malformed)
  const [, domain = '', bus, device, fn = '0'] = match
  return textCell(`${domain.padStart(8, '0')}:${bus}:${device}.${fn}`.toLowerCase())
}
