import { ABSENT, type Cell, errorCell, type TextCell, textCell, valueCell } from '#protocol/wire/cell'
import type { MetricName } from '#protocol/wire/metrics'
import type { DeviceIdentity, ProbeSnapshot, ProbeWarning } from '#protocol/wire/reading'
import { canonicalPciBusId } from '../canonicalPciBusId.ts'
import { PROBE_CODES } from '../probeCodes.ts'
import { NVIDIA_SMI_EXPORTER_NAMES } from './nvidiaSmiExporterNames.ts'
import type { PromPage, PromSample } from './parsePrometheus.ts'
import { DCGM_NAMES, type PromName } from './promNames.ts'

/** DCGM_INT64_BLANK; it and the codes above it mean that there is no value. */
const INT64_BLANK = 0x7ffffffffffffff0n
/** DCGM_FP64_BLANK and its codes (+1 to +3). */
const FP64_BLANK = 2 ** 47

const MALFORMED = errorCell(PROBE_CODES.malformed)

type Device = {
  labels: Record<string, string>
  /** Per metric the series that gave it, to tell parts from repetitions. */
  readonly cells: Map<MetricName, Map<string, Cell>>
}

function isBlank(sample: PromSample): boolean {
  if (Number.isNaN(sample.value)) return true
  if (/^\d{16,19}$/.test(sample.text)) return BigInt(sample.text) >= INT64_BLANK
  if (sample.value >= Number(INT64_BLANK)) return true
  return sample.value >= FP64_BLANK && sample.value <= FP64_BLANK + 3
}

function cellOf(sample: PromSample, meaning: PromName, help: string): Cell {
  if (isBlank(sample)) return ABSENT
  const factor = meaning.byHelp?.find(([pattern]) => pattern.test(help))?.[1] ?? meaning.wire
  if (!Number.isFinite(sample.value) || Number.isNaN(factor)) return MALFORMED
  if (meaning.most !== undefined && (sample.value < 0 || sample.value > meaning.most)) return MALFORMED
  return valueCell(Math.round(sample.value * factor))
}

/** Bare UUIDs get the prefix that NVML gives them. */
function uuidOf(labels: Readonly<Record<string, string>>): string | undefined {
  const uuid = labels.UUID ?? labels.uuid
  return uuid !== undefined && /^[0-9a-f]{8}-/i.test(uuid) ? `GPU-${uuid}` : uuid
}

/** Series of one device share its UUID, or its index where no UUID is given. */
function deviceKey(labels: Readonly<Record<string, string>>): string | undefined {
  const uuid = uuidOf(labels)
  if (uuid !== undefined && uuid !== '') return `uuid ${uuid}`
  return labels.gpu === undefined ? undefined : `gpu ${labels.gpu}`
}

function combined(series: ReadonlyMap<string, Cell>, add: boolean): Cell {
  const cells = [...series.values()]
  const broken = cells.find((cell) => cell.presence !== 'value')
  if (!add || cells.length === 1) return cells[0] ?? ABSENT
  if (broken !== undefined) return broken
  return valueCell(cells.reduce((sum, cell) => sum + (cell.presence === 'value' ? cell.value : 0), 0))
}

function identityOf(labels: Readonly<Record<string, string>>): DeviceIdentity {
  const first = (...names: readonly string[]): TextCell => {
    const text = names.map((name) => labels[name]).find((value) => value !== undefined && value !== '')
    return text === undefined || /^\[?N\/A\]?$/i.test(text) ? ABSENT : textCell(text)
  }
  const uuid = uuidOf(labels)
  const pci = first('pci_bus_id', 'DCGM_FI_DEV_PCI_BUSID', 'DCGM_FI_DEV_PCI_BUS_ID')
  return {
    name: first('modelName', 'name', 'DCGM_FI_DEV_NAME', 'DCGM_FI_DEV_GPU_NAME'),
    uuid: uuid === undefined || uuid === '' ? ABSENT : textCell(uuid),
    serial: first('DCGM_FI_DEV_SERIAL', 'DCGM_FI_DEV_BOARD_SERIAL', 'serial'),
    boardPartNumber: ABSENT,
    pdi: ABSENT,
    moduleIndex: ABSENT,
    vbios: first('DCGM_FI_DEV_VBIOS_VERSION', 'vbios_version'),
    inforomImage: first('DCGM_FI_DEV_INFOROM_IMAGE_VER', 'DCGM_FI_DEV_INFOROM_IMAGE_VERSION'),
    pciBusId: pci.presence === 'value' ? canonicalPciBusId(pci.value) : pci,
    chassisSerial: ABSENT,
    architecture: ABSENT,
  }
}

class PageReader {
  readonly #page: PromPage
  readonly #devices = new Map<string, Device>()
  readonly #unknown = new Set<string>()
  readonly #nameless = new Set<string>()
  #instances = 0
  readonly warnings: ProbeWarning[] = []

  constructor(page: PromPage) {
    this.#page = page
  }

  read(): Pick<ProbeSnapshot, 'devices' | 'driverVersion'> {
    for (const sample of this.#page.samples) this.#take(sample)
    this.#sayWhatWasLeft()
    const devices = this.#withIndices().map(({ index, device }) => ({
      index,
      identity: identityOf(device.labels),
      metrics: Object.fromEntries(
        [...device.cells].map(([metric, series]) => [metric, combined(series, this.#adds(series))]),
      ),
    }))
    const drivers = [...this.#devices.values()].map(({ labels }) => labels)
    const driver = drivers
      .map((l) => l.DCGM_FI_SYSTEM_DRIVER_VERSION ?? l.DCGM_FI_DRIVER_VERSION ?? l.driver_version)
      .find((text) => text !== undefined && text !== '')
    return { devices, driverVersion: driver === undefined ? ABSENT : textCell(driver) }
  }

  #meaning(name: string): PromName | undefined {
    return DCGM_NAMES.get(name) ?? NVIDIA_SMI_EXPORTER_NAMES.get(name)
  }

  #adds(series: ReadonlyMap<string, Cell>): boolean {
    return [...series.keys()].every((name) => this.#meaning(name)?.add === true)
  }

  #take(sample: PromSample): void {
    const key = deviceKey(sample.labels)
    const meaning = this.#meaning(sample.name)
    if (meaning === undefined) this.#unknown.add(sample.name)
    if (key === undefined) {
      if (meaning?.metric != null) this.#nameless.add(sample.name)
      return
    }
    const device: Device = this.#devices.get(key) ?? { labels: {}, cells: new Map() }
    this.#devices.set(key, device)
    if ((sample.labels.GPU_I_ID ?? '') !== '') {
      // A slice's load is not the device's.
      this.#instances += 1
      return
    }
    device.labels = { ...sample.labels, ...device.labels }
    if (meaning === undefined || meaning.metric === null) return
    const cell = cellOf(sample, meaning, this.#page.help.get(sample.name) ?? '')
    if (cell.presence === 'error') {
      const message = `${sample.name} ${sample.text} of ${key}: not in the unit that this name has; taken as unreadable`
      this.warnings.push({ code: 'AGENT_PROBE_PROM_VALUE', message })
    }
    const series = device.cells.get(meaning.metric) ?? new Map<string, Cell>()
    device.cells.set(meaning.metric, series)
    const before = series.get(sample.name)
    if (before === undefined) series.set(sample.name, cell)
    else if (JSON.stringify(before) !== JSON.stringify(cell)) {
      series.set(sample.name, MALFORMED)
      const message = `${sample.name} of ${key} is given twice with different values; taken as unreadable`
      this.warnings.push({ code: 'AGENT_PROBE_PROM_VALUE', message })
    }
  }

  /** Devices by their index label; two hosts' pages in one, or none given, get the next free number. */
  #withIndices(): { index: number; device: Device }[] {
    const used = new Set<number>()
    const next = () => {
      let index = 0
      while (used.has(index)) index += 1
      return index
    }
    const rows = [...this.#devices.values()].map((device) => {
      const given = device.labels.gpu ?? device.labels.index ?? ''
      let index = /^\d{1,4}$/.test(given) ? Number(given) : next()
      if (used.has(index)) {
        const message = `two devices are given as gpu ${index}: the page is of several hosts; numbered anew`
        this.warnings.push({ code: 'AGENT_PROBE_PROM_INDEX', message })
        index = next()
      }
      used.add(index)
      return { index, device }
    })
    return rows.sort((a, b) => a.index - b.index)
  }

  #sayWhatWasLeft(): void {
    const say = (code: string, message: string) => this.warnings.push({ code, message })
    if (this.#unknown.size > 0) {
      say(
        'AGENT_PROBE_PROM_NAME',
        `names that are not known and were not taken: ${[...this.#unknown].join(', ')}`,
      )
    }
    if (this.#nameless.size > 0) {
      say('AGENT_PROBE_PROM_DEVICE', `series without a device: ${[...this.#nameless].join(', ')}`)
    }
    if (this.#instances > 0) {
      say('AGENT_PROBE_PROM_MIG', `${this.#instances} series of MIG slices were not taken for their device`)
    }
    for (const { line, text } of this.#page.bad.slice(0, 20)) {
      say('AGENT_PROBE_PROM_LINE', `line ${line} is not Prometheus text: ${text}`)
    }
  }
}

/** The snapshot of one page of dcgm-exporter (or nvidia_gpu_exporter). Unknown names are said and never guessed. */
export function decodePage(
  page: PromPage,
  meta: { readonly source: string; readonly takenAtMs: number; readonly durationUs: number },
): ProbeSnapshot {
  const reader = new PageReader(page)
  const { devices, driverVersion } = reader.read()
  return {
    ...meta,
    driverVersion,
    host: { devicesFound: valueCell(devices.length), probeDurationUs: valueCell(meta.durationUs) },
    devices,
    warnings: reader.warnings,
  }
}
