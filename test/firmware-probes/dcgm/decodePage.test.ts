import fc from 'fast-check'
import t from 'tap'
import { AssayError } from '#protocol/assayError'
import type { Cell } from '#protocol/wire/cell'
import { decodePage } from '../../../firmware-probes/dcgm/decodePage.ts'
import { parsePrometheus } from '../../../firmware-probes/dcgm/parsePrometheus.ts'

const meta = { source: 'dcgm-exporter', takenAtMs: 1, durationUs: 1 }
const read = (page: string) => decodePage(parsePrometheus(page, 'test'), meta)
const codes = (page: string) => read(page).warnings.map((warning) => warning.code)
const value = (number: number): Cell => ({ presence: 'value', value: number })

/** One GPU's series under the label set that exporters give. */
function page(series: Readonly<Record<string, string | number>>, labels = 'gpu="0",UUID="GPU-aa"'): string {
  return Object.entries(series)
    .map(([name, number]) => `${name}{${labels}} ${number}\n`)
    .join('')
}

const OLD = {
  DCGM_FI_DEV_SM_CLOCK: 1980,
  DCGM_FI_DEV_MEM_CLOCK: 3201,
  DCGM_FI_DEV_GPU_TEMP: 61,
  DCGM_FI_DEV_MEMORY_TEMP: 72,
  DCGM_FI_DEV_POWER_USAGE: 612.345,
  DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION: 128996013000,
  DCGM_FI_DEV_PCIE_REPLAY_COUNTER: 3,
  DCGM_FI_DEV_GPU_UTIL: 97,
  DCGM_FI_DEV_MEM_COPY_UTIL: 41,
  DCGM_FI_DEV_FB_USED: 1000,
  DCGM_FI_DEV_FB_RESERVED: 614,
  DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS: 2,
  DCGM_FI_DEV_ROW_REMAP_FAILURE: 0,
  DCGM_FI_PROF_GR_ENGINE_ACTIVE: 0.98765,
  DCGM_FI_PROF_PIPE_TENSOR_ACTIVE: 0.5,
}
const NEW = {
  DCGM_FI_DEV_SM_CLOCK_HERTZ: 1980000000,
  DCGM_FI_DEV_MEMORY_CLOCK_HERTZ: 3201000000,
  DCGM_FI_DEV_GPU_TEMP_CELSIUS: 61,
  DCGM_FI_DEV_MEMORY_TEMP_CELSIUS: 72,
  DCGM_FI_DEV_BOARD_POWER_WATTS: 612.345,
  DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL: 128996013,
  DCGM_FI_DEV_PCIE_REPLAY_TOTAL: 3,
  DCGM_FI_DEV_GPU_UTIL_RATIO: 0.97,
  DCGM_FI_DEV_MEMORY_UTIL_RATIO: 0.41,
  DCGM_FI_DEV_FB_USED_BYTES: 1000 * 1024 * 1024,
  DCGM_FI_DEV_FB_RESERVED_BYTES: 614 * 1024 * 1024,
  DCGM_FI_DEV_ROW_REMAP_UNCORRECTABLE_TOTAL: 2,
  DCGM_FI_DEV_ROW_REMAP_FAILED: 0,
  DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO: 0.98765,
  DCGM_FI_PROF_TENSOR_UTIL_RATIO: 0.5,
}

t.test('both naming generations give the same readings', async (t) => {
  const [old, now] = [read(page(OLD)), read(page(NEW))]
  t.same(old.warnings, [])
  t.same(now.devices, old.devices)
  t.match(old.devices[0]?.metrics, {
    clockSmMHz: value(1980),
    powerDrawW: value(612_345),
    energyTotalJ: value(128_996_013_000),
    utilizationGpuPct: value(97),
    memoryUsedBytes: value(1000 * 1024 * 1024),
    graphicsEngineActiveRatio: value(9877),
  })
})

t.test('blank sentinels are absent, never numbers', async (t) => {
  for (const blank of [
    '9223372036854775792',
    '9223372036854775794',
    '9.223372036854776e+18',
    'NaN',
    '140737488355329',
  ]) {
    t.same(read(page({ DCGM_FI_DEV_GPU_TEMP: blank })).devices[0]?.metrics.temperatureGpuC, {
      presence: 'absent',
    })
  }
})

t.test('a value that its unit does not allow is unreadable and said', async (t) => {
  const text = page({ DCGM_FI_DEV_GPU_UTIL_RATIO: 97 })
  t.equal(read(text).devices[0]?.metrics.utilizationGpuPct?.presence, 'error')
  t.same(codes(text), ['AGENT_PROBE_PROM_VALUE'])
  const contradiction = page({ DCGM_FI_DEV_GPU_TEMP: 50 }) + page({ DCGM_FI_DEV_GPU_TEMP: 60 })
  t.equal(read(contradiction).devices[0]?.metrics.temperatureGpuC?.presence, 'error')
  t.same(codes(page({ DCGM_FI_DEV_GPU_TEMP: 50 }) + page({ DCGM_FI_DEV_GPU_TEMP: 50 })), [])
})

t.test('throttle time counts only with the unit that HELP gives', async (t) => {
  const series = page({ DCGM_FI_DEV_THERMAL_VIOLATION: 5000 })
  const of = (help: string) => read(help + series).devices[0]?.metrics.violationThermalUs
  t.same(of('# HELP DCGM_FI_DEV_THERMAL_VIOLATION Throttling (in ns).\n'), value(5))
  t.same(of('# HELP DCGM_FI_DEV_THERMAL_VIOLATION Throttling (in us).\n'), value(5000))
  t.equal(of('')?.presence, 'error')
})

t.test('unknown names are said and not guessed; slices and nameless series are not taken', async (t) => {
  t.same(codes(page({ DCGM_FI_DEV_FUTURE_THING_BYTES: 5, DCGM_FI_DEV_GPU_TEMP: 5 })), [
    'AGENT_PROBE_PROM_NAME',
  ])
  const slice = page({ DCGM_FI_PROF_GR_ENGINE_ACTIVE: 1 }, 'gpu="0",UUID="GPU-aa",GPU_I_ID="3"')
  t.same(codes(slice), ['AGENT_PROBE_PROM_MIG'])
  t.same(read(slice).devices[0]?.metrics, {})
  t.same(codes('DCGM_FI_DEV_GPU_TEMP 45\n'), ['AGENT_PROBE_PROM_DEVICE'])
})

t.test('parts of a total are added, repetitions are not', async (t) => {
  const links = {
    DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL: 3,
    DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL: 4,
  }
  t.match(read(page(links)).devices[0]?.metrics.nvlinkCrcTotal, value(7))
})

t.test('identity labels, quoting, and the other exporter', async (t) => {
  const labels =
    'gpu="1",UUID="GPU-bb",modelName="A \\"B\\"",DCGM_FI_DEV_SERIAL="165",DCGM_FI_SYSTEM_DRIVER_VERSION="580.1"'
  const snapshot = read(page({ DCGM_FI_DEV_GPU_TEMP: 5 }, labels))
  t.match(snapshot.devices[0], { index: 1, identity: { name: { value: 'A "B"' }, serial: { value: '165' } } })
  t.match(snapshot.driverVersion, { value: '580.1' })
  const other = `nvidia_smi_gpu_info{index="2",uuid="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",serial="17",name="X"} 1
nvidia_smi_power_draw_watts{uuid="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"} 627.4
nvidia_smi_utilization_gpu_ratio{uuid="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"} 1
`
  t.match(read(other).devices[0], {
    index: 2,
    identity: { uuid: { value: 'GPU-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee' }, serial: { value: '17' } },
    metrics: { powerDrawW: value(627_400), utilizationGpuPct: value(100) },
  })
})

t.test('pages that are none, and lines that are none', async (t) => {
  for (const bad of ['', '# only comments\n', '<html>', 'not found']) {
    t.throws(() => parsePrometheus(bad, 'test'), { code: 'AGENT_PROBE_FORMAT' })
  }
  t.same(codes(`${page({ DCGM_FI_DEV_GPU_TEMP: 5 })}DCGM_FI_DEV_GPU_TEMP{gpu="1"\n`), [
    'AGENT_PROBE_PROM_LINE',
  ])
})

t.test('any damage gives a coded error or cells', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  t.comment(`seed ${seed}`)
  const whole = page(OLD) + page(NEW, 'gpu="1",UUID="GPU-bb"')
  const edit = fc.tuple(fc.nat(whole.length - 1), fc.nat(9), fc.string({ maxLength: 6 }))
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
      let text = whole
      for (const [at, cut, put] of edits) text = text.slice(0, at) + put + text.slice(at + cut)
      try {
        const { devices } = read(text)
        const indices = devices.map((device) => device.index)
        if (new Set(indices).size !== indices.length) return false
        return devices.every((device) =>
          Object.values(device.metrics).every(
            (cell) => cell.presence !== 'value' || Number.isSafeInteger(cell.value),
          ),
        )
      } catch (error) {
        if (error instanceof AssayError) return true
        throw error
      }
    }),
    { seed, numRuns: 300 },
  )
})
