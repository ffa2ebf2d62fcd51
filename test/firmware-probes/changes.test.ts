import fc from 'fast-check'
import t from 'tap'
import { type Cell, errorCell, textCell, UNSUPPORTED, valueCell } from '#protocol/wire/cell'
import type { MetricName } from '#protocol/wire/metrics'
import type { DeviceIdentity, DeviceReading, ProbeSnapshot } from '#protocol/wire/reading'
import { changes, type KnownDevices } from '../../firmware-probes/changes.ts'
import { PROBE_CODES } from '../../firmware-probes/probeCodes.ts'

type Words = Partial<Record<keyof DeviceIdentity, string>>

function identity(words: Words, missing: DeviceIdentity['uuid'] = UNSUPPORTED): DeviceIdentity {
  const keys = ['name', 'uuid', 'serial', 'boardPartNumber', 'pdi', 'moduleIndex', 'vbios', 'inforomImage']
  const all = [...keys, 'pciBusId', 'chassisSerial', 'architecture'] as (keyof DeviceIdentity)[]
  return Object.fromEntries(
    all.map((key) => [key, words[key] === undefined ? missing : textCell(words[key])]),
  ) as DeviceIdentity
}

function gpu(
  index: number,
  words: Words = {},
  values: Partial<Record<MetricName, number>> = {},
): DeviceReading {
  const own = {
    uuid: `GPU-${index}`,
    serial: `165${index}`,
    pciBusId: `00000000:1${index}:00.0`,
    vbios: '96.00',
  }
  const metrics: Partial<Record<MetricName, Cell>> = {}
  for (const [name, value] of Object.entries(values)) metrics[name as MetricName] = valueCell(value)
  return { index, identity: identity({ ...own, ...words }), metrics }
}

function silent(index: number, code: number): DeviceReading {
  return { index, identity: identity({}, errorCell(code)), metrics: { powerDrawW: errorCell(code) } }
}

function snapshot(...devices: DeviceReading[]): ProbeSnapshot {
  const common = {
    source: 'test',
    takenAtMs: 7,
    durationUs: 1,
    driverVersion: UNSUPPORTED,
    host: {},
    warnings: [],
  }
  return { ...common, devices }
}

/** Kinds of events per step, with the device's index and detail. */
function run(...steps: ProbeSnapshot[]): string[][] {
  let known: KnownDevices | null = null
  return steps.map((step) => {
    const result = changes(known, step)
    known = result.known
    return result.events.map((event) => [event.kind, event.device?.index, ...event.detail].join(' '))
  })
}

t.test('identity under an index', async (t) => {
  const base = snapshot(gpu(0), gpu(1))
  t.same(run(base, base), [[], []], 'the first snapshot is the baseline')
  t.same(run(base, snapshot(gpu(0, { serial: '999' }), gpu(1)))[1], ['serial_changed 0'])
  t.same(run(base, snapshot(gpu(0, { vbios: '97.00' }), gpu(1)))[1], ['vbios_changed 0'])
  t.same(run(base, snapshot(gpu(0, { pciBusId: '00000000:99:00.0' }), gpu(1)))[1], ['pci_moved 0'])
  t.same(run(base, snapshot(gpu(0, { uuid: 'GPU-x', serial: '9', vbios: '1' }), gpu(1)))[1], [
    'uuid_changed 0',
    'serial_changed 0',
  ])
  const swapped = snapshot({ ...gpu(1), index: 0 }, { ...gpu(0), index: 1 })
  t.same(
    run(base, swapped)[1],
    ['uuid_changed 0', 'serial_changed 0', 'uuid_changed 1', 'serial_changed 1'],
    'devices that keep their PCI addresses have not moved',
  )
  t.same(run(base, snapshot(gpu(0), gpu(1), gpu(2)))[1], ['device_added 2'])
})

t.test('presence: lost, uncounted, stuck and back', async (t) => {
  const base = snapshot(gpu(0), gpu(1))
  const lost = snapshot(gpu(0), silent(1, 15))
  t.same(run(base, lost, lost, base), [[], ['gpu_lost 1 15'], [], ['gpu_returned 1']])
  t.same(run(base, snapshot(gpu(0)), snapshot(gpu(0)), base), [[], ['gpu_lost 1 0'], [], ['gpu_returned 1']])
  const stuck = snapshot(gpu(0), silent(1, PROBE_CODES.stuck))
  t.same(run(base, stuck, stuck, base), [[], [], [], ['gpu_returned 1']], 'the probe itself reports the hang')
  t.same(
    run(base, lost, snapshot(gpu(0), gpu(1, { serial: '77' })))[2],
    ['gpu_returned 1', 'serial_changed 1'],
    'a swap during an absence is seen',
  )
  const cached: DeviceReading = {
    ...gpu(1),
    metrics: { powerDrawW: errorCell(15), eccModeCurrent: valueCell(1) },
  }
  t.same(run(base, snapshot(gpu(0), cached))[1], ['gpu_lost 1 15'], 'a UUID from a cache is no sign of life')
})

t.test('modes, recovery action and row remaps', async (t) => {
  const was = { eccModeCurrent: 1, migModeCurrent: 0, persistenceMode: 1, recoveryAction: 0 } as const
  const rows = { remappedRowsPending: 0, remappedRowsFailure: 0 } as const
  const before = snapshot(gpu(0, {}, { ...was, ...rows }))
  const is = { eccModeCurrent: 0, migModeCurrent: 1, persistenceMode: 0, recoveryAction: 2 } as const
  const after = snapshot(gpu(0, {}, { ...is, remappedRowsPending: 1, remappedRowsFailure: 1 }))
  t.same(run(before, after)[1], [
    'ecc_mode_changed 0 1 0',
    'mig_mode_changed 0 0 1',
    'persistence_changed 0 1 0',
    'recovery_action_changed 0 0 2',
    'remap_pending 0',
    'remap_failed 0',
  ])
  t.same(run(after, snapshot(gpu(0)), after)[2], [], 'a value that was unreadable in between did not change')
  t.same(run(before, snapshot(gpu(0)))[1], [], 'unreadable is not changed')
})

t.test('nothing happens between equal snapshots, whatever they hold', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  t.comment(`seed ${seed}`)
  const device = fc.record({
    words: fc.record({ uuid: fc.string(), serial: fc.string(), vbios: fc.string() }, { requiredKeys: [] }),
    code: fc.option(fc.integer({ min: 0, max: 999 })),
    ecc: fc.integer({ min: 0, max: 1 }),
  })
  fc.assert(
    fc.property(fc.array(device, { maxLength: 5 }), (devices) => {
      const one = snapshot(
        ...devices.map(({ words, code, ecc }, i) =>
          code === null ? gpu(i, words, { eccModeCurrent: ecc }) : silent(i, code),
        ),
      )
      return run(one, one, one).every((events) => events.length === 0)
    }),
    { seed },
  )
})
