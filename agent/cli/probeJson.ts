import { type XidRow, xidPolicy } from '#protocol/score/xidPolicy'
import type { Cell, TextCell } from '#protocol/wire/cell'
import { identityQuality } from '#protocol/wire/identityQuality'
import { METRICS } from '#protocol/wire/metrics'
import type { DeviceReading, ProbeEvent, ProbeSnapshot } from '#protocol/wire/reading'

/** Metrics of devices; those of the host begin at 200. */
const DEVICE_METRICS = METRICS.filter((metric) => metric.id < 200)

/** One event as shown; `xid` says what the code means. */
export type ShownEvent = ProbeEvent & { readonly xid?: XidRow }

export type ShownDevice = {
  readonly index: number
  readonly name: string | null
  readonly uuid: string | null
  readonly serial: string | null
  readonly boardPartNumber: string | null
  readonly vbios: string | null
  readonly pciBusId: string | null
  readonly pdi: string | null
  readonly moduleIndex: string | null
  readonly inforomImage: string | null
  readonly chassisSerial: string | null
  readonly architecture: string | null
  readonly identityQuality: string
  /** Every device metric of the dictionary in the unit of its name, null where the source gave none. */
  readonly readings: Readonly<Record<string, number | null>>
  /** Why each null above is one: `unsupported`, `forbidden`, `absent` or `error(CODE)`. */
  readonly presence: Readonly<Record<string, string>>
  readonly migDevices?: readonly Readonly<Record<string, number | null>>[]
}

export type ShownSnapshot = {
  readonly source: string
  readonly synthetic: boolean
  readonly driverVersion: string | null
  readonly devices: readonly ShownDevice[]
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
  readonly events?: readonly ShownEvent[]
}

/** The word for a cell without a value. */
export function presenceWord(cell: Exclude<Cell, { presence: 'value' }>): string {
  return cell.presence === 'error' ? `error(${cell.code})` : cell.presence
}

function shownDevice(reading: DeviceReading): ShownDevice {
  const presence: Record<string, string> = {}
  const text = (name: string, cell: TextCell): string | null => {
    if (cell.presence === 'value') return cell.value
    presence[name] = presenceWord(cell)
    return null
  }
  const { identity } = reading
  const words = Object.fromEntries(
    Object.entries(identity).map(([name, cell]) => [name, text(name, cell)]),
  ) as Record<keyof typeof identity, string | null>
  const readings: Record<string, number | null> = {}
  for (const { name, scale } of DEVICE_METRICS) {
    const cell: Cell = reading.metrics[name] ?? { presence: 'absent' }
    readings[name] = cell.presence === 'value' ? cell.value / scale : null
    if (cell.presence !== 'value') presence[name] = presenceWord(cell)
  }
  const migDevices = reading.partitions?.map((slice) =>
    Object.fromEntries(
      Object.entries(slice).map(([name, cell]) => [name, cell.presence === 'value' ? cell.value : null]),
    ),
  )
  return {
    index: reading.index,
    name: words.name,
    uuid: words.uuid,
    serial: words.serial,
    boardPartNumber: words.boardPartNumber,
    vbios: words.vbios,
    pciBusId: words.pciBusId,
    pdi: words.pdi,
    moduleIndex: words.moduleIndex,
    inforomImage: words.inforomImage,
    chassisSerial: words.chassisSerial,
    architecture: words.architecture,
    identityQuality: identityQuality(words),
    readings,
    presence,
    ...(migDevices === undefined ? {} : { migDevices }),
  }
}

/** An event with the meaning of its XID. */
export function shownEvent(event: ProbeEvent): ShownEvent {
  const code = event.detail[0]
  return event.kind === 'xid' && code !== undefined ? { ...event, xid: xidPolicy(code) } : event
}

/** What `assay probe --json` prints. `events` only where the source gives events or some happened. */
export function probeJson(
  snapshot: ProbeSnapshot,
  synthetic: boolean,
  events: readonly ProbeEvent[],
): ShownSnapshot {
  const driver = snapshot.driverVersion
  return {
    source: snapshot.source,
    synthetic,
    driverVersion: driver.presence === 'value' ? driver.value : null,
    devices: snapshot.devices.map(shownDevice),
    warnings: snapshot.warnings,
    ...(snapshot.source === 'kmsg' || events.length > 0 ? { events: events.map(shownEvent) } : {}),
  }
}
