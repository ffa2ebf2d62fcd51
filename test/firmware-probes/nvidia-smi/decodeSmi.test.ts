import fc from 'fast-check'
import t from 'tap'
import { AssayError } from '#protocol/assayError'
import type { Cell } from '#protocol/wire/cell'
import { parseSmiXml } from '../../../firmware-probes/nvidia-smi/parseSmiXml.ts'
import { smiSnapshot } from '../../../firmware-probes/nvidia-smi/smiSnapshot.ts'
import { smiXml } from './smiXml.ts'

const read = (xml: string) =>
  smiSnapshot(parseSmiXml(xml, 'test'), { source: 'nvidia-smi', takenAtMs: 1, durationUs: 1 })

const value = (number: number): Cell => ({ presence: 'value', value: number })
const UNSUPPORTED = { presence: 'unsupported' }

t.test('values with their units', async (t) => {
  const snapshot = read(smiXml({}))
  t.same(snapshot.warnings, [])
  t.match(snapshot.devices[0]?.identity, {
    uuid: { value: 'GPU-00000000-1111-2222-3333-444444444444' },
    pdi: { value: '00000000000000ab' },
    pciBusId: { value: '00000000:1a:00.0' },
    moduleIndex: { value: '3' },
  })
  t.match(snapshot.devices[0]?.metrics, {
    temperatureGpuC: value(45),
    temperatureSlowdownTlimitC: value(-2),
    temperatureSlowdownC: { presence: 'absent' },
    powerDrawW: value(612_350),
    memoryTotalBytes: value(81559 * 1024 * 1024),
    utilizationGpuPct: value(97),
    pcieWidth: value(16),
    clocksEventReasons: value(0x44),
    performanceState: value(2),
    eccCorrectedVolatileTotal: value(11),
    eccUncorrectedVolatileTotal: value(25),
    eccUncorrectedAggregateTotal: { presence: 'absent' },
    remappedRowsUncorrected: value(4),
    remappedRowsPending: value(1),
    remapBanksMax: value(2560),
    processCount: value(0),
    recoveryAction: value(0),
    migInstances: value(0),
  })
})

t.test('words that are no value', async (t) => {
  const gpu = {
    'temperature/gpu_temp': 'GPU is lost',
    'utilization/gpu_util': '[Not Supported]',
    'fb_memory_usage/used': 'Unknown Error',
    'gpu_power_readings/average_power_draw': '[GPU requires reset]',
    'clocks/sm_clock': 'ERR!',
    'pci/replay_counter': 'Insufficient Permissions',
    persistence_mode: 'Requested functionality has been deprecated',
    serial: '[N/A]',
    remapped_rows: 'GPU is lost',
    fabric: 'N/A',
  }
  const { devices, warnings } = read(smiXml({ gpus: [gpu] }))
  t.same(warnings, [])
  t.same(devices[0]?.identity.serial, UNSUPPORTED)
  t.match(devices[0]?.metrics, {
    temperatureGpuC: { presence: 'error', code: 15 },
    utilizationGpuPct: UNSUPPORTED,
    memoryUsedBytes: { presence: 'error', code: 999 },
    powerDrawW: { presence: 'error', code: 16 },
    clockSmMHz: { presence: 'error', code: 999 },
    pcieReplayTotal: { presence: 'forbidden' },
    persistenceMode: UNSUPPORTED,
    remappedRowsFailure: { presence: 'error', code: 15 },
    remapBanksMax: { presence: 'error', code: 15 },
    fabricState: UNSUPPORTED,
  })
})

t.test('a number in another unit is not taken', async (t) => {
  const { devices, warnings } = read(
    smiXml({
      gpus: [
        { 'fb_memory_usage/total': '80 GiB', 'temperature/gpu_temp': '113 F', gpu_recovery_action: 'Pray' },
      ],
    }),
  )
  t.equal(devices[0]?.metrics.memoryTotalBytes?.presence, 'error')
  t.equal(devices[0]?.metrics.temperatureGpuC?.presence, 'error')
  t.equal(devices[0]?.metrics.recoveryAction?.presence, 'error')
  t.equal(warnings.filter((warning) => warning.code === 'AGENT_PROBE_SMI_VALUE').length, 3)
})

t.test('older names: power_readings, throttle reasons, single and double bit totals', async (t) => {
  const { devices } = read(
    smiXml({
      schema: 11,
      gpus: [
        {
          gpu_power_readings: 'N/A',
          'power_readings/power_draw': '26.78 W',
          'power_readings/enforced_power_limit': '70.00 W',
          clocks_event_reasons: '',
          'clocks_throttle_reasons/clocks_throttle_reason_gpu_idle': 'Active',
          ecc_errors: '',
        },
      ],
    }).replace(
      '<ecc_errors></ecc_errors>',
      '<ecc_errors><volatile><double_bit><total>7</total></double_bit></volatile></ecc_errors>',
    ),
  )
  t.match(devices[0]?.metrics, {
    powerDrawW: value(26_780),
    powerLimitW: value(70_000),
    clocksEventReasons: value(1),
    eccUncorrectedVolatileTotal: value(7),
  })
})

t.test('MIG slices, several GPUs, counts that disagree', async (t) => {
  const slice = (i: number) => `<mig_device><index>${i}</index><gpu_instance_id>${i + 3}</gpu_instance_id>
    <compute_instance_id>0</compute_instance_id><fb_memory_usage><total>19968 MiB</total></fb_memory_usage></mig_device>`
  const sliced = { 'mig_mode/current_mig': 'Enabled', mig_devices: slice(0) + slice(1) }
  const { devices, warnings } = read(smiXml({ gpus: [{}, sliced], attached: 8 }))
  t.equal(devices.length, 2)
  t.match(devices[1]?.metrics, { migModeCurrent: value(1), migInstances: value(2) })
  t.match(devices[1]?.partitions, [
    { gpuInstanceId: value(3) },
    { memoryTotalBytes: value(19968 * 1024 * 1024) },
  ])
  t.match(warnings, [{ code: 'AGENT_PROBE_SMI_COUNT' }])
})

t.test('an unknown schema warns and is still read', async (t) => {
  const { devices, warnings } = read(smiXml({ schema: 14 }))
  t.match(warnings, [{ code: 'AGENT_PROBE_SMI_SCHEMA' }])
  t.match(devices[0]?.metrics.temperatureGpuC, value(45))
})

t.test('what is not such a document', async (t) => {
  const whole = smiXml({})
  for (const bad of [
    '',
    'NVIDIA-SMI has failed',
    whole.slice(0, whole.length / 2),
    '<other/>',
    '{"gpu":1}',
  ]) {
    t.throws(() => parseSmiXml(bad, 'test'), { code: 'AGENT_PROBE_FORMAT' })
  }
  const doctype = '<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v13.dtd">'
  const entity = (declared: string) =>
    whole.replace(doctype, `<!DOCTYPE x [${declared}]>`).replace('NVIDIA TEST 80GB', '&b;')
  t.throws(() => parseSmiXml(entity('<!ENTITY b SYSTEM "file:///etc/passwd">'), 'test'), {
    code: 'AGENT_PROBE_FORMAT',
  })
  const bomb = entity('<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">')
  t.same(
    read(bomb).devices[0]?.identity.name,
    { presence: 'value', value: '&b;' },
    'entities stay as written',
  )
})

t.test('any damage gives a coded error or cells, never a throw of something else', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  t.comment(`seed ${seed}`)
  const whole = smiXml({ gpus: [{}, {}] })
  const edit = fc.tuple(fc.nat(whole.length - 1), fc.nat(12), fc.string({ maxLength: 8 }))
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
      let xml = whole
      for (const [at, cut, put] of edits) xml = xml.slice(0, at) + put + xml.slice(at + cut)
      try {
        for (const device of read(xml).devices) {
          for (const cell of Object.values(device.metrics)) {
            if (cell.presence === 'value' && !Number.isSafeInteger(cell.value)) return false
          }
        }
        return true
      } catch (error) {
        if (error instanceof AssayError) return true
        throw error
      }
    }),
    { seed, numRuns: 300 },
  )
})
