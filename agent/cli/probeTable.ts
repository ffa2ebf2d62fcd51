import type { ShownDevice, ShownEvent, ShownSnapshot } from './probeJson.ts'

type Column = { readonly title: string; readonly show: (device: ShownDevice) => string }

const MIB = 1024 * 1024

/** A reading with its digits, or in brackets why there is none. */
function value(device: ShownDevice, name: string, show: (number: number) => string = String): string {
  const number = device.readings[name]
  return number === null || number === undefined ? `(${device.presence[name] ?? 'absent'})` : show(number)
}

const COLUMNS: readonly Column[] = [
  { title: 'GPU', show: (d) => String(d.index) },
  { title: 'name', show: (d) => d.name ?? '-' },
  { title: 'serial', show: (d) => d.serial ?? '-' },
  { title: 'UUID', show: (d) => d.uuid ?? '-' },
  { title: 'PCI', show: (d) => d.pciBusId ?? '-' },
  { title: 'identity', show: (d) => d.identityQuality },
  { title: 'GPU °C', show: (d) => value(d, 'temperatureGpuC') },
  { title: 'HBM °C', show: (d) => value(d, 'temperatureMemoryC') },
  { title: 'W', show: (d) => value(d, 'powerDrawW', (w) => w.toFixed(0)) },
  { title: 'use %', show: (d) => value(d, 'utilizationGpuPct') },
  { title: 'used MiB', show: (d) => value(d, 'memoryUsedBytes', (bytes) => String(Math.round(bytes / MIB))) },
  { title: 'ECC unc.', show: (d) => value(d, 'eccUncorrectedAggregateTotal') },
  { title: 'rows unc.', show: (d) => value(d, 'remappedRowsUncorrected') },
  { title: 'action', show: (d) => value(d, 'recoveryAction') },
]

function eventLine(event: ShownEvent): string {
  const at = new Date(event.atMs).toISOString()
  const device = event.device?.pciBusId ?? event.device?.uuid ?? event.device?.index ?? 'host'
  const meaning =
    event.xid === undefined ? '' : ` [${event.xid.name}, ${event.xid.class}, ${event.xid.impact}]`
  return `${at} ${event.kind} ${device}${meaning} ${event.text}`
}

/** A snapshot for people: one row per device, then events and warnings. */
export function probeTable(shown: ShownSnapshot): string {
  const rows = [
    COLUMNS.map((c) => c.title),
    ...shown.devices.map((device) => COLUMNS.map((c) => c.show(device))),
  ]
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const synthetic = shown.synthetic ? ', SYNTHETIC: no hardware gave these numbers' : ''
  const driver = shown.driverVersion === null ? '' : `, driver ${shown.driverVersion}`
  return [
    `source ${shown.source}${synthetic}${driver}, ${shown.devices.length} devices`,
    ...lines,
    ...(shown.events ?? []).map(eventLine),
    ...shown.warnings.map((warning) => `warning ${warning.code}: ${warning.message}`),
    '',
  ].join('\n')
}
