import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readSmbios } from '../../../firmware-probes/smbios/readSmbios.ts'
import { SysfsTree } from '../../../firmware-probes/sysfs/sysfsTree.ts'

const root = mkdtempSync(join(tmpdir(), 'dmi-'))
t.teardown(() => rmSync(root, { recursive: true, force: true }))

t.test('value, empty, placeholder, absent and forbidden are told apart', async (t) => {
  const folder = join(root, 'sys/class/dmi/id')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'product_serial'), 'S123456X\n')
  writeFileSync(join(folder, 'board_serial'), '\n')
  writeFileSync(join(folder, 'chassis_serial'), 'To Be Filled By O.E.M.\n')
  writeFileSync(join(folder, 'bios_version'), '2.3\u0007.5 \n')
  t.match(readSmbios(new SysfsTree(root)), {
    productSerial: { presence: 'value', value: 'S123456X' },
    boardSerial: { presence: 'empty' },
    chassisSerial: { presence: 'empty' },
    biosVersion: { presence: 'value', value: '2.3.5' },
    productUuid: { presence: 'absent' },
  })
  const refuse = (code: string, errno: number) => () => {
    throw Object.assign(new Error(code), { code, errno })
  }
  const files = (code: string, errno: number) => ({
    read: refuse(code, errno),
    list: () => [],
    link: () => '',
  })
  t.match(readSmbios(new SysfsTree('/', files('EACCES', -13))).productSerial, { presence: 'forbidden' })
  t.match(readSmbios(new SysfsTree('/', files('EIO', -5))).productSerial, { presence: 'error', code: 5 })
})

t.test('this host', async (t) => {
  t.match(Object.keys(readSmbios()).length, 12)
})
