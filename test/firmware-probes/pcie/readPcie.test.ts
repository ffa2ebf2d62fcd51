import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { deviceSerialNumber } from '../../../firmware-probes/pcie/deviceSerialNumber.ts'
import { readPcie } from '../../../firmware-probes/pcie/readPcie.ts'
import { SysfsTree } from '../../../firmware-probes/sysfs/sysfsTree.ts'

const root = mkdtempSync(join(tmpdir(), 'sysfs-'))
t.teardown(() => rmSync(root, { recursive: true, force: true }))

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
}

/** A configuration space whose extended capabilities are (id, offset) in a chain. */
function config(bytes: number, chain: readonly { id: number; at: number; dsn?: bigint }[]): Buffer {
  const space = Buffer.alloc(bytes)
  chain.forEach(({ id, at, dsn }, i) => {
    space.writeUInt32LE(((chain[i + 1]?.at ?? 0) * 2 ** 20 + 0x10000 + id) >>> 0, at)
    if (dsn !== undefined) space.writeBigUInt64LE(dsn, at + 4)
  })
  return space
}

t.test('an accelerator with everything, one with little, and what is none', async (t) => {
  const gpu = 'sys/bus/pci/devices/0000:1b:00.0'
  const texts = {
    class: '0x030200',
    vendor: '0x10de',
    device: '0x2335',
    subsystem_vendor: '0x10de',
    numa_node: '1',
  }
  const more = {
    current_link_speed: '16.0 GT/s PCIe',
    max_link_speed: '32.0 GT/s PCIe',
    current_link_width: '8',
  }
  for (const [name, text] of Object.entries({ ...texts, ...more })) put(`${gpu}/${name}`, `${text}\n`)
  put(`${gpu}/aer_dev_correctable`, 'RxErr 1\nBadTLP 2\nTOTAL_ERR_COR 3\n')
  put(`${gpu}/aer_dev_fatal`, 'nonsense\n')
  put(
    `${gpu}/config`,
    config(4096, [
      { id: 1, at: 0x100 },
      { id: 3, at: 0x250, dsn: 0x48b02d03ee112233n },
    ]),
  )
  put('sys/bus/pci/slots/4/address', '0000:1b:00\n')
  mkdirSync(join(root, 'sys/bus/pci/drivers/nvidia'), { recursive: true })
  symlinkSync('../../drivers/nvidia', join(root, gpu, 'driver'))
  put('sys/bus/pci/devices/0000:02:00.0/class', '0x020000\n')
  put('sys/bus/pci/devices/0001:3a:00.0/class', '0x120000\n')
  put('sys/bus/pci/devices/0001:3a:00.0/numa_node', '-1\n')
  put('sys/bus/pci/devices/0001:3a:00.0/current_link_speed', 'Unknown\n')
  put('sys/bus/pci/devices/0001:3a:00.0/vendor', '\n')
  put('sys/bus/pci/devices/0001:3a:00.0/config', config(64, []))
  const [full, bare, ...rest] = readPcie(new SysfsTree(root))
  t.same(rest, [])
  t.match(full, {
    pciBusId: '00000000:1b:00.0',
    device: { value: '2335' },
    driver: { value: 'nvidia' },
    numaNode: { value: 1 },
    generation: { value: 4 },
    generationMax: { value: 5 },
    width: { value: 8 },
    widthMax: { presence: 'absent' },
    aerCorrectable: { value: 3 },
    aerNonfatal: { presence: 'absent' },
    aerFatal: { presence: 'error' },
    physicalSlot: { value: '4' },
    deviceSerialNumber: { value: '48-b0-2d-03-ee-11-22-33' },
  })
  t.match(bare, {
    pciBusId: '00000001:3a:00.0',
    vendor: { presence: 'absent' },
    numaNode: { presence: 'absent' },
    generation: { presence: 'absent' },
    driver: { presence: 'absent' },
    physicalSlot: { presence: 'absent' },
    deviceSerialNumber: { presence: 'forbidden' },
  })
})

t.test('no bus at all, and one that may not be read', async (t) => {
  t.same(readPcie(new SysfsTree(join(root, 'none'))), [])
  const refuse = () => {
    throw Object.assign(new Error('no'), { code: 'EACCES', errno: -13 })
  }
  const closed = new SysfsTree('/', { read: refuse, list: () => ['0000:1b:00.0'], link: refuse })
  t.same(readPcie(closed), [], 'without its class it is not known to be an accelerator')
  t.same(closed.text('x'), { presence: 'forbidden' })
})

t.test('configuration spaces: short, looped, random', async (t) => {
  const of = (bytes: Buffer) => deviceSerialNumber({ presence: 'value', bytes })
  t.same(of(config(256, [])), { presence: 'unsupported' })
  t.same(of(config(4096, [{ id: 1, at: 0x100 }])), { presence: 'unsupported' })
  t.same(of(Buffer.alloc(4096, 0xff)), { presence: 'unsupported' })
  t.same(of(config(4096, [{ id: 3, at: 0x100, dsn: 0n }])), { presence: 'absent' })
  const looped = config(4096, [
    { id: 1, at: 0x100 },
    { id: 2, at: 0x200 },
  ])
  looped.writeUInt32LE(((0x100 << 20) | 0x10002) >>> 0, 0x200)
  t.equal(of(looped).presence, 'error')
  t.same(deviceSerialNumber({ presence: 'forbidden' }), { presence: 'forbidden' })
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  t.comment(`seed ${seed}`)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
      const cell = of(Buffer.from(bytes))
      return cell.presence !== 'value' || /^([0-9a-f]{2}-){7}[0-9a-f]{2}$/.test(cell.value)
    }),
    { seed },
  )
})

t.test('this host', async (t) => {
  for (const device of readPcie()) t.match(device.pciBusId, /^[0-9a-f]{8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/)
})
