import type { EnrolledDevice } from '#protocol/wire/enrolment'
import type { AssetIdentity } from '#protocol/wire/identity'
import type { DeviceIdentity, DeviceReading } from '#protocol/wire/reading'

/** One device as first seen. `opening` and `identity` are private: they go to the nodes over HTTPS only. */
export type Asset = EnrolledDevice & {
  readonly assetIdHex: string
  /** False for a device that appeared after enrolment: nothing is signed about it until it is enrolled too. */
  readonly isEnrolled: boolean
  /** Index under which it last answered. */
  readonly index: number
  readonly firstSeenMs: number
}

/** The identity of a reading in the form that an asset id commits to; unreadable parts are null. */
export function identityOf(identity: DeviceIdentity): AssetIdentity {
  const value = (cell: DeviceIdentity['serial']): string | null =>
    cell.presence === 'value' ? cell.value : null
  return {
    serial: value(identity.serial),
    boardPartNumber: value(identity.boardPartNumber),
    uuid: value(identity.uuid),
    pdi: value(identity.pdi),
    moduleIndex: value(identity.moduleIndex),
  }
}

/** How a reading relates to an asset: `same` by evidence, `other` by contradiction, `silent` when it names nothing. */
export function relation(asset: AssetIdentity, reading: AssetIdentity): 'same' | 'other' | 'silent' {
  const parts = ['pdi', 'uuid', 'serial', 'boardPartNumber', 'moduleIndex'] as const
  const isKnown = (part: (typeof parts)[number]): boolean => asset[part] !== null && reading[part] !== null
  if (parts.some((part) => isKnown(part) && asset[part] !== reading[part])) return 'other'
  if (isKnown('pdi') || isKnown('uuid')) return 'same'
  // A serial alone is not a key: two GPUs of one module share it (PROTOCOL §3).
  if (isKnown('serial') && (isKnown('moduleIndex') || isKnown('boardPartNumber'))) return 'same'
  return 'silent'
}

/** What the first difference between two identities under one index is called, or null when none is known. */
export function replacement(
  asset: AssetIdentity,
  reading: AssetIdentity,
): 'serial_changed' | 'uuid_changed' | null {
  const differs = (part: 'serial' | 'uuid'): boolean =>
    asset[part] !== null && reading[part] !== null && asset[part] !== reading[part]
  if (differs('serial')) return 'serial_changed'
  return differs('uuid') ? 'uuid_changed' : null
}

/** Name of the model of a reading, for people. */
export function modelOf(reading: DeviceReading): string {
  return reading.identity.name.presence === 'value' ? reading.identity.name.value.slice(0, 128) : 'unknown'
}
