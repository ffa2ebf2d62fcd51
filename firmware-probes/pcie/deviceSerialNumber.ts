import { ABSENT, errorCell, FORBIDDEN, type TextCell, textCell, UNSUPPORTED } from '#protocol/wire/cell'
import { PROBE_CODES } from '../probeCodes.ts'
import type { SysfsBytes } from '../sysfs/sysfsTree.ts'

const EXTENDED_SPACE = 0x100
const DEVICE_SERIAL_NUMBER = 0x0003
/** The kernel shows an unprivileged reader only the header. */
const HEADER_BYTES = 64
/** 4 KiB hold no more capabilities than this. */
const MOST_CAPABILITIES = 480

/**
 * The Device Serial Number of a PCIe function (PCI Express Base 7.9.3) from its configuration space, high dword first,
 * as `hh-hh-…`. A reader without privilege sees too little to know: forbidden.
 */
export function deviceSerialNumber(config: SysfsBytes): TextCell {
  if (config.presence !== 'value') return config
  const { bytes } = config
  if (bytes.length <= HEADER_BYTES) return FORBIDDEN
  if (bytes.length < EXTENDED_SPACE + 4) return UNSUPPORTED
  let at = EXTENDED_SPACE
  for (let i = 0; i < MOST_CAPABILITIES; i++) {
    if (at < EXTENDED_SPACE || at % 4 !== 0 || at + 4 > bytes.length) return errorCell(PROBE_CODES.malformed)
    const header = bytes.readUInt32LE(at)
    if (header === 0 || header === 0xffffffff) return UNSUPPORTED
    if ((header & 0xffff) === DEVICE_SERIAL_NUMBER) {
      if (at + 12 > bytes.length) return errorCell(PROBE_CODES.malformed)
      const number = bytes
        .readBigUInt64LE(at + 4)
        .toString(16)
        .padStart(16, '0')
      return /^0+$/.test(number) ? ABSENT : textCell(number.match(/../g)?.join('-') ?? number)
    }
    at = header >>> 20
    if (at === 0) return UNSUPPORTED
  }
  return errorCell(PROBE_CODES.malformed)
}
