import { ABSENT, type Cell, errorCell, type TextCell, valueCell } from '#protocol/wire/cell'
import { canonicalPciBusId } from '../canonicalPciBusId.ts'
import { PROBE_CODES } from '../probeCodes.ts'
import { type SysfsText, SysfsTree } from '../sysfs/sysfsTree.ts'
import { deviceSerialNumber } from './deviceSerialNumber.ts'

/** One accelerator as the kernel sees it on the bus: a witness that needs no vendor driver. */
export type PcieDevice = {
  /** Canonical `dddddddd:bb:dd.f`. */
  readonly pciBusId: string
  /** Four hex digits each. */
  readonly vendor: TextCell
  readonly device: TextCell
  readonly subsystemVendor: TextCell
  readonly subsystemDevice: TextCell
  readonly driver: SysfsText
  readonly numaNode: Cell
  readonly generation: Cell
  readonly generationMax: Cell
  readonly width: Cell
  readonly widthMax: Cell
  /** Errors that AER counted since the kernel started. */
  readonly aerCorrectable: Cell
  readonly aerNonfatal: Cell
  readonly aerFatal: Cell
  readonly physicalSlot: TextCell
  readonly deviceSerialNumber: TextCell
}

const DEVICES = 'sys/bus/pci/devices'
const SLOTS = 'sys/bus/pci/slots'

/** Base classes of PCI: display controllers (GPUs) and processing accelerators. */
const ACCELERATORS: readonly string[] = ['03', '12']

const GENERATIONS: Readonly<Record<string, number>> = {
  '2.5': 1,
  '5.0': 2,
  '5': 2,
  '8.0': 3,
  '16.0': 4,
  '32.0': 5,
  '64.0': 6,
}

const MALFORMED = errorCell(PROBE_CODES.malformed)

function cellBy(text: SysfsText, read: (value: string) => Cell): Cell {
  if (text.presence === 'value') return read(text.value)
  return text.presence === 'empty' ? ABSENT : text
}

const whole = (text: SysfsText): Cell =>
  cellBy(text, (value) => (/^\d{1,9}$/.test(value) ? valueCell(Number(value)) : MALFORMED))

/** `32.0 GT/s PCIe` as a generation; `Unknown` as the kernel writes it for a link that is down. */
function generation(text: SysfsText): Cell {
  return cellBy(text, (value) => {
    const known = GENERATIONS[/^([\d.]+) GT\/s/.exec(value)?.[1] ?? '']
    return known === undefined ? (/^Unknown/.test(value) ? ABSENT : MALFORMED) : valueCell(known)
  })
}

/** The kernel writes one line per kind of error and their sum last. */
function aerTotal(text: SysfsText): Cell {
  return cellBy(text, (value) => {
    const total = /^TOTAL_ERR_\w+ (\d{1,15})$/m.exec(value)?.[1]
    return total === undefined ? MALFORMED : valueCell(Number(total))
  })
}

function hexId(text: SysfsText): TextCell {
  if (text.presence !== 'value') return text.presence === 'empty' ? ABSENT : text
  const digits = /^0x([0-9a-f]{4})$/i.exec(text.value)?.[1]
  return digits === undefined ? MALFORMED : { presence: 'value', value: digits.toLowerCase() }
}

/** Slot names by address without function: `0000:1b:00` → `4`. */
function slotsByAddress(tree: SysfsTree): ReadonlyMap<string, string> {
  const slots = new Map<string, string>()
  for (const name of tree.names(SLOTS)) {
    const address = tree.text(`${SLOTS}/${name}/address`)
    if (address.presence === 'value') slots.set(address.value, name)
  }
  return slots
}

/** Every GPU and accelerator on the PCI bus below `root`. Never throws; each field keeps its own presence. */
export function readPcie(tree: SysfsTree = new SysfsTree()): readonly PcieDevice[] {
  const slots = slotsByAddress(tree)
  const found: PcieDevice[] = []
  for (const name of tree.names(DEVICES)) {
    const at = (file: string) => tree.text(`${DEVICES}/${name}/${file}`)
    const kind = at('class')
    const address = canonicalPciBusId(name)
    if (address.presence !== 'value' || kind.presence !== 'value') continue
    if (!ACCELERATORS.includes(kind.value.slice(2, 4))) continue
    const slot = slots.get(name.replace(/\.\d$/, ''))
    found.push({
      pciBusId: address.value,
      vendor: hexId(at('vendor')),
      device: hexId(at('device')),
      subsystemVendor: hexId(at('subsystem_vendor')),
      subsystemDevice: hexId(at('subsystem_device')),
      driver: tree.linkName(`${DEVICES}/${name}/driver`),
      numaNode: cellBy(at('numa_node'), (value) =>
        value === '-1' ? ABSENT : whole({ presence: 'value', value }),
      ),
      generation: generation(at('current_link_speed')),
      generationMax: generation(at('max_link_speed')),
      width: whole(at('current_link_width')),
      widthMax: whole(at('max_link_width')),
      aerCorrectable: aerTotal(at('aer_dev_correctable')),
      aerNonfatal: aerTotal(at('aer_dev_nonfatal')),
      aerFatal: aerTotal(at('aer_dev_fatal')),
      physicalSlot: slot === undefined ? ABSENT : { presence: 'value', value: slot },
      deviceSerialNumber: deviceSerialNumber(tree.bytes(`${DEVICES}/${name}/config`)),
    })
  }
  return found
}
