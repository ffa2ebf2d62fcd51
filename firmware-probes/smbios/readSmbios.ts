import { type SysfsText, SysfsTree } from '../sysfs/sysfsTree.ts'

/** The host as its firmware describes it (SMBIOS types 0 to 3). Serials need root; each keeps its own presence. */
export type Smbios = {
  readonly systemVendor: SysfsText
  readonly productName: SysfsText
  readonly productSerial: SysfsText
  readonly productUuid: SysfsText
  readonly boardVendor: SysfsText
  readonly boardName: SysfsText
  readonly boardSerial: SysfsText
  readonly chassisVendor: SysfsText
  readonly chassisSerial: SysfsText
  readonly chassisAssetTag: SysfsText
  readonly biosVendor: SysfsText
  readonly biosVersion: SysfsText
}

/** What board makers leave in a field that they did not fill. */
const UNFILLED =
  /^(?:to be filled by o\.?e\.?m\.?|default string|not (?:specified|available|applicable|provided)|none|n\/a|unknown|system serial number|chassis serial number|base board serial number|\.+|[0-]+|0?123456789)$/i

/** The DMI entries of sysfs below `root`. Placeholders count as empty. Never throws. */
export function readSmbios(tree: SysfsTree = new SysfsTree()): Smbios {
  const field = (name: string): SysfsText => {
    const text = tree.text(`sys/class/dmi/id/${name}`)
    return text.presence === 'value' && UNFILLED.test(text.value) ? { presence: 'empty' } : text
  }
  return {
    systemVendor: field('sys_vendor'),
    productName: field('product_name'),
    productSerial: field('product_serial'),
    productUuid: field('product_uuid'),
    boardVendor: field('board_vendor'),
    boardName: field('board_name'),
    boardSerial: field('board_serial'),
    chassisVendor: field('chassis_vendor'),
    chassisSerial: field('chassis_serial'),
    chassisAssetTag: field('chassis_asset_tag'),
    biosVendor: field('bios_vendor'),
    biosVersion: field('bios_version'),
  }
}
