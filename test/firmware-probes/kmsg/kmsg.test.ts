import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { ProbeEvent } from '#protocol/wire/reading'
import { kernelLine } from '../../../firmware-probes/kmsg/kernelLine.ts'
import { KmsgProbe } from '../../../firmware-probes/kmsg/kmsgProbe.ts'
import { KmsgReader } from '../../../firmware-probes/kmsg/kmsgReader.ts'
import { until } from '../until.ts'

const folder = mkdtempSync(join(tmpdir(), 'kmsg-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

async function read(lines: readonly string[]) {
  const file = join(folder, 'log')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const events: ProbeEvent[] = []
  const probe = new KmsgProbe({ file })
  await probe.start((event) => events.push(event))
  const snapshot = await probe.sample()
  await probe.stop()
  return { events, snapshot, kinds: events.map((e) => [e.kind, ...e.detail, e.device?.pciBusId].join(' ')) }
}

const XID = 'NVRM: Xid (PCI:0000:1b:00): 79, pid=1, name=x, GPU has fallen off the bus.'
const HIT = 'xid 79 1 00000000:1b:00.0'

t.test('every form of a line, with the time it carries', async (t) => {
  const forms: readonly [string, number | null][] = [
    [`4,1234,5678900,-;${XID}`, null],
    [`[ 5678.900000] ${XID}`, null],
    [`[Sun Feb 23 16:24:18 2025] ${XID}`, Date.UTC(2025, 1, 23, 16, 24, 18)],
    [`kern  :warn  : 2025-01-21T04:41:44,283390+00:00 ${XID}`, Date.UTC(2025, 0, 21, 4, 41, 44, 283)],
    [`kern  :err   : [ 5678.900000] ${XID}`, null],
    [`<4>[ 5678.900000] ${XID}`, null],
    [XID, null],
    ['NVRM: Xid (0000:1b:00): 79, Channel 1', null],
    ['NVRM: Xid (PCI:00000000:1B:00.0): 79', null],
  ]
  for (const [line, at] of forms) {
    const { kinds, events } = await read([line])
    t.same(kinds, [HIT], line)
    if (at !== null) t.equal(events[0]?.atMs, at)
  }
})

t.test('messages without a code', async (t) => {
  const { kinds } = await read([
    'NVRM: GPU 0000:29:00.0: GPU has fallen off the bus.',
    'NVRM: The NVIDIA GPU 0000:3a:00.0 (PCI ID: 10de:2330)',
    'NVRM: installed in this system has fallen off the bus and is not',
    'NVRM: responding to commands.',
    'NVRM: The NVIDIA GPU 0000:4b:00.0 (PCI ID: 10de:2330)',
    'other: a line in between',
    'NVRM: something has fallen off the bus',
  ])
  t.same(kinds, ['fell_off_bus 1 00000000:29:00.0', 'fell_off_bus 1 00000000:3a:00.0'])
})

t.test('who speaks: only the kernel, and only where its words open the message', async (t) => {
  const { kinds, snapshot } = await read([
    `12,1,1,-;${XID}`,
    `user  :warn  : 2025-01-21T04:41:44,283390+00:00 ${XID}`,
    `<14>[ 1.0] ${XID}`,
    `4,2,2,-;Out of memory: Killed process 7 (${XID})`,
    ` SUBSYSTEM=pci ${XID}`,
  ])
  t.same(kinds, [])
  t.match(snapshot.warnings, [{ code: 'AGENT_PROBE_KMSG_FORGED', message: /^3 / }])
})

t.test('addresses get the UUID and serial that the driver printed beside them', async (t) => {
  const { snapshot, events } = await read([
    'NVRM: GPU at PCI:0000:9b:00: GPU-509665ad-b600-ac93-3616-d754b23d636d',
    'NVRM: GPU Board Serial Number: 1650124014249',
    'NVRM: Xid (PCI:0000:9b:00): 119, pid=1, Timeout',
    'NVRM: GPU Board Serial Number: 1653723052734',
    'NVRM: Xid (PCI:0000:91:00): 79',
  ])
  t.match(snapshot.devices, [
    { index: 0, identity: { serial: { value: '1650124014249' }, pciBusId: { value: '00000000:9b:00.0' } } },
    { index: 1, identity: { serial: { value: '1653723052734' }, uuid: { presence: 'absent' } } },
  ])
  t.equal(events[0]?.device?.uuid, 'GPU-509665ad-b600-ac93-3616-d754b23d636d')
})

t.test('NVSwitch messages are their own event', async (t) => {
  const { kinds, snapshot } = await read([
    'nvidia-nvswitch0: SXid (PCI:0000:05:00.0): 20034, Fatal, Link 30 LTSSM Fault Up',
    'nvidia-nvswitch3: SXid (PCI:0000:05:00.0): 12028, Non-fatal, Link 32',
    'nvidia-nvswitch0: SXid (PCI:0000:00:00.0): xyz, Fatal error',
    'NVRM: Xid (...)',
  ])
  t.same(kinds, ['sxid 20034 1 00000000:05:00.0', 'sxid 12028 0 00000000:05:00.0'])
  t.equal(snapshot.devices.length, 0)
  t.equal(snapshot.warnings.length, 2)
})

t.test('no line makes it throw, and what it finds are whole numbers', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  t.comment(`seed ${seed}`)
  const piece = fc.constantFrom(
    'NVRM: ',
    'Xid (PCI:',
    '0000:1b:00',
    '): ',
    '79',
    ',',
    ' ',
    '4,1,2,-;',
    '<4>',
    '[1.0] ',
    'SXid',
  )
  const line = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(piece, fc.string({ maxLength: 3 }))).map((all) => all.join('')),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 6 }), async (lines) => {
      for (const one of lines) kernelLine(one)
      const { events } = await read(lines)
      return events.every((event) => event.detail.every(Number.isSafeInteger))
    }),
    { seed, numRuns: 200 },
  )
})

/** Writing needs root and a kernel that lets user space log. */
function canWriteKmsg(): boolean {
  try {
    accessSync('/dev/kmsg', constants.R_OK | constants.W_OK)
    return process.getuid?.() === 0
  } catch {
    return false
  }
}

t.test(
  'the real /dev/kmsg: follows, refuses a forged line, resumes',
  { skip: canWriteKmsg() ? false : '/dev/kmsg is not writable here' },
  async (t) => {
    const mark = `assay test ${process.pid} ${Date.now()}`
    const events: ProbeEvent[] = []
    const probe = new KmsgProbe({ pollMs: 10 })
    await probe.start((event) => events.push(event))
    const before = probe.position
    t.ok(before.bootId.length > 30 && before.seq >= 0)
    execFileSync('/bin/sh', ['-c', `echo "NVRM: ${mark}" > /dev/kmsg`])
    const snapshot = await until(
      () => probe.sample(),
      (next) => next.warnings.some((warning) => warning.code === 'AGENT_PROBE_KMSG_FORGED'),
    )
    t.same(events, [], 'a process cannot speak for the kernel')
    t.ok(snapshot.warnings.length === 1)
    await probe.stop()
    const again = new KmsgReader()
    again.open(before)
    t.ok(again.take().some((line) => line.text.includes(mark) && (line.priority ?? 0) >= 8))
    t.same(again.take(), [], 'nothing twice')
    again.close()
    const other = new KmsgReader()
    other.open({ bootId: 'another boot', seq: Number.MAX_SAFE_INTEGER })
    t.ok(other.take().length > 1, 'a position of an earlier boot gives the whole log')
    other.close()
  },
)

t.test('no such device', async (t) => {
  const probe = new KmsgProbe({ reader: new KmsgReader(join(folder, 'none')) })
  await t.rejects(
    probe.start(() => undefined),
    { code: 'AGENT_PROBE_FILE' },
  )
  await t.rejects(
    new KmsgProbe({ file: join(folder, 'none') }).start(() => undefined),
    { code: 'AGENT_PROBE_FILE' },
  )
})
