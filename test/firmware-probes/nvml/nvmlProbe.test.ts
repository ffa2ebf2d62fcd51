import t from 'tap'
import { MAX_VALUE, OUT_OF_RANGE } from '#protocol/wire/cell'
import type { ProbeEvent, ProbeSnapshot } from '#protocol/wire/reading'
import type { NvmlOptions } from '../../../firmware-probes/nvml/nvmlOptions.ts'
import { NvmlProbe } from '../../../firmware-probes/nvml/nvmlProbe.ts'
import { buildNvmlSim, nvmlSimUnavailable } from '../../fixtures/nvmlsim/buildNvmlSim.ts'
import { until } from '../until.ts'
import { readersAlive } from './readersAlive.ts'

const reason = nvmlSimUnavailable()
if (reason !== null && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(reason)
if (reason !== null) t.plan(0, reason)

const sim = reason === null ? buildNvmlSim() : null
const started = new Set<NvmlProbe>()
t.teardown(async () => {
  for (const probe of started) await probe.stop()
  sim?.remove()
})

let onEvent: () => void = () => undefined

async function begin(options: NvmlOptions = {}): Promise<{ probe: NvmlProbe; events: ProbeEvent[] }> {
  const events: ProbeEvent[] = []
  const probe = new NvmlProbe({
    library: sim?.library ?? '',
    slowEveryMs: 0,
    firstDeadlineMs: 5000,
    ...options,
  })
  started.add(probe)
  await probe.start((event) => {
    events.push(event)
    onEvent()
  })
  return { probe, events }
}

const presences = (snapshot: ProbeSnapshot, index: number) =>
  new Set(Object.values(snapshot.devices[index]?.metrics ?? {}).map((cell) => cell.presence))

const settle = () => new Promise((resolve) => setTimeout(resolve, 20))

if (sim !== null) {
  t.test('reads eight GPUs with identity, values and reasons', async (t) => {
    sim.configure({ time: 1795000000, '*.temperature': 61, '0.eccUncorrectedAggregate': '4503599627370495' })
    const { probe } = await begin()
    const snapshot = await probe.sample()
    await probe.stop()
    t.equal(snapshot.devices.length, 8)
    t.equal(new Set(snapshot.devices.map((d) => JSON.stringify(d.identity.uuid))).size, 8)
    const first = snapshot.devices[0]
    t.match(first?.identity, {
      name: { presence: 'value', value: 'NVIDIA H200' },
      serial: { presence: 'value', value: '1653224000100' },
      boardPartNumber: { presence: 'value', value: '692-2G520-0220-500' },
      pciBusId: { presence: 'value', value: '00000000:18:00.0' },
      architecture: { presence: 'value', value: 'Hopper' },
      chassisSerial: { presence: 'unsupported' },
    })
    t.match(first?.metrics, {
      temperatureGpuC: { presence: 'value', value: 61 },
      memoryTotalBytes: { presence: 'value', value: 143771 * 1024 * 1024 },
      eccUncorrectedAggregateTotal: { presence: 'value', value: MAX_VALUE },
      nvlinkActiveLinks: { presence: 'value', value: 18 },
      temperatureSlowdownC: { presence: 'unsupported' },
      temperatureSlowdownTlimitC: { presence: 'value', value: -2 },
      retiredPagesSbe: { presence: 'unsupported' },
      fanSpeedPct: { presence: 'unsupported' },
    })
    t.match(snapshot.host, { devicesFound: { value: 8 }, devicesQuarantined: { value: 0 } })
    t.equal(readersAlive(sim.library), 0, 'no reader is left')
  })

  t.test('return codes become presences, never numbers', async (t) => {
    sim.configure({
      '*.fault.nvmlDeviceGetTemperature': 'code:3',
      '*.fault.nvmlDeviceGetPowerUsage': 'code:4',
      '*.fault.nvmlDeviceGetUtilizationRates': 'code:21',
      '*.fault.nvmlDeviceGetEccMode': 'code:999',
      '*.field230': 'code:4',
      '*.eccCorrectedVolatile': '18446744073709551615',
      gpus: 1,
    })
    const { probe } = await begin()
    const { metrics } = (await probe.sample()).devices[0] ?? { metrics: {} }
    await probe.stop()
    t.match(metrics, {
      temperatureGpuC: { presence: 'unsupported' },
      powerDrawW: { presence: 'forbidden' },
      utilizationGpuPct: { presence: 'absent' },
      utilizationMemoryPct: { presence: 'absent' },
      eccModeCurrent: { presence: 'error', code: 999 },
      recoveryAction: { presence: 'forbidden' },
      eccCorrectedVolatileTotal: { presence: 'error', code: OUT_OF_RANGE },
    })
  })

  t.test(
    'a hung GPU: the other seven in the same sample, probe_stuck, and back after a re-test',
    async (t) => {
      sim.configure({})
      const { probe, events } = await begin({ deadlineMs: 400, retestFirstMs: 1 })
      await probe.sample()
      sim.configure({ '3.fault': 'hang' })
      await settle()
      let killedAt = 0
      onEvent = () => {
        killedAt = performance.now()
      }
      const snapshot = await probe.sample()
      const tookMs = performance.now() - killedAt
      t.ok(killedAt > 0 && tookMs < 200, `seven GPUs read ${Math.round(tookMs)} ms after the kill`)
      for (const index of [0, 1, 2, 4, 5, 6, 7]) {
        t.ok(presences(snapshot, index).has('value'), `GPU ${index} was read`)
      }
      t.same([...presences(snapshot, 3)], ['error'])
      t.match(snapshot.devices[3]?.metrics.powerDrawW, { presence: 'error', code: 901 })
      t.match(snapshot.host.devicesQuarantined, { value: 1 })
      t.match(events, [{ kind: 'probe_stuck', device: { index: 3, uuid: /^GPU-/ } }])
      sim.configure({})
      const back = await until(
        () => probe.sample(),
        (next) => presences(next, 3).has('value'),
      )
      t.match(back.host.devicesQuarantined, { value: 0 })
      t.equal(events.length, 1, 'one report for one hang')
      await probe.stop()
      await until(
        async () => readersAlive(sim.library),
        (alive) => alive === 0,
      )
    },
  )

  t.test('a crash in the library: the same, as probe_crashed', async (t) => {
    sim.configure({ gpus: 4 })
    const { probe, events } = await begin()
    await probe.sample()
    sim.configure({ gpus: 4, '2.fault.nvmlDeviceGetPowerUsage': 'crash' })
    await settle()
    const snapshot = await probe.sample()
    t.same([...presences(snapshot, 2)], ['error'])
    t.ok([0, 1, 3].every((index) => presences(snapshot, index).has('value')))
    t.match(events, [{ kind: 'probe_crashed', device: { index: 2 }, detail: [11] }])
    const again = await probe.sample()
    t.ok([0, 1, 3].every((index) => presences(again, index).has('value')))
    await probe.stop()
  })

  t.test('XIDs arrive as events with their device, and go on after a hang', async (t) => {
    sim.configure({ gpus: 4 })
    const { probe, events } = await begin({ deadlineMs: 300 })
    await probe.sample()
    const began = performance.now()
    sim.configure({ gpus: 4 }, ['1:79'])
    await until(
      async () => events.length,
      (n) => n === 1,
    )
    t.ok(performance.now() - began < 300, 'within 0.3 s')
    t.match(events[0], {
      kind: 'xid',
      detail: [79, 0],
      device: { index: 1, uuid: /^GPU-/, pciBusId: /^0000/ },
    })
    sim.configure({ gpus: 4, '0.fault': 'hang' }, ['1:79'])
    await settle()
    await probe.sample()
    sim.configure({ gpus: 4, '0.fault': 'hang' }, ['1:79', '2:48'])
    await until(
      async () => events,
      (all) => all.some((event) => event.kind === 'xid' && event.detail[0] === 48),
    )
    await probe.stop()
  })

  t.test('swapped devices show under their index; a lost GPU shows nothing as a value', async (t) => {
    sim.configure({ gpus: 2 })
    const { probe } = await begin({ slowEveryMs: 60_000 })
    const before = await probe.sample()
    sim.configure({ gpus: 2, '0.as': 1, '1.as': 0 })
    await settle()
    const after = await probe.sample()
    t.same(after.devices[0]?.identity.uuid, before.devices[1]?.identity.uuid)
    t.same(after.devices[1]?.identity.serial, before.devices[0]?.identity.serial)
    sim.configure({ gpus: 2, '1.fault': 'code:15' })
    await settle()
    const lost = await probe.sample()
    t.same([...presences(lost, 1)], ['error'], 'limits read earlier are not shown for a lost GPU')
    await probe.stop()
  })

  t.test('an old driver without some functions', async (t) => {
    const old = buildNvmlSim({
      missing: [
        'nvmlDeviceGetCurrentClocksEventReasons',
        'nvmlDeviceGetPdi',
        'nvmlDeviceGetMarginTemperature',
      ],
    })
    old.configure({ gpus: 1, '0.reasons': 4 })
    const { probe } = await begin({ library: old.library })
    const device = (await probe.sample()).devices[0]
    await probe.stop()
    t.match(device?.identity.pdi, { presence: 'unsupported' })
    t.match(device?.metrics.temperatureMarginC, { presence: 'unsupported' })
    t.match(device?.metrics.clocksEventReasons, { presence: 'value', value: 4 }, 'by its older name')
    old.remove()
    process.env.NVMLSIM_CONFIG = sim.config
  })
}
