import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { AssayError } from '#protocol/assayError'
import type { ProbeEvent, ProbeSnapshot } from '#protocol/wire/reading'
import { NvmlProbe } from '../../../firmware-probes/nvml/nvmlProbe.ts'
import { openRecording } from '../../../firmware-probes/recording/openRecording.ts'
import { RecordingWriter } from '../../../firmware-probes/recording/recordingWriter.ts'
import { buildNvmlSim, nvmlSimUnavailable } from '../../fixtures/nvmlsim/buildNvmlSim.ts'
import { until } from '../until.ts'

const folder = mkdtempSync(join(tmpdir(), 'recording-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const SHIPPED = new URL('../../fixtures/recordings/synthetic-h200x8.ndjson.gz', import.meta.url).pathname

const comparable = (snapshot: ProbeSnapshot) => ({
  devices: snapshot.devices,
  driver: snapshot.driverVersion,
})

t.test(
  'the shipped recording: eight named GPUs, synthetic, alive, counters rising over the seam',
  async (t) => {
    const probe = openRecording(SHIPPED)
    t.equal(probe.name, 'recording:synthetic-h200x8')
    await probe.start(() => undefined)
    t.equal(probe.synthetic, true)
    const snapshots: ProbeSnapshot[] = []
    for (let i = 0; i < 75; i++) snapshots.push(await probe.sample())
    await probe.stop()
    t.ok(snapshots.every((snapshot) => snapshot.devices.length === 8))
    t.ok(snapshots.every((snapshot) => Math.abs(snapshot.takenAtMs - Date.now()) < 60_000))
    for (const index of [0, 7]) {
      const cells = snapshots.map((snapshot) => snapshot.devices[index]?.metrics)
      const values = (name: 'energyTotalJ' | 'powerDrawW' | 'eccUncorrectedAggregateTotal') =>
        cells.map((metrics) => (metrics?.[name]?.presence === 'value' ? metrics[name].value : Number.NaN))
      t.ok(new Set(values('powerDrawW')).size > 20, 'power moves')
      t.ok(
        values('energyTotalJ').every((value, i, all) => i === 0 || value >= (all[i - 1] ?? 0)),
        'energy never falls',
      )
      t.same(new Set(values('eccUncorrectedAggregateTotal')), new Set([0]))
    }
    t.same(snapshots[0]?.devices[3]?.identity, snapshots[40]?.devices[3]?.identity)
  },
)

const reason = nvmlSimUnavailable()
t.test('what a live probe decoded, its recording decodes again', { skip: reason ?? false }, async (t) => {
  const sim = buildNvmlSim()
  const path = join(folder, 'live.ndjson')
  const writer = new RecordingWriter(path, {
    source: 'nvml',
    realHardware: false,
    madeAt: '2026-11-21T00:00:00Z',
    driver: '580.95.05',
    note: 'test',
  })
  const events: ProbeEvent[] = []
  const probe = new NvmlProbe({ library: sim.library, tap: writer.tap, deadlineMs: 300, slowEveryMs: 60_000 })
  sim.configure({ gpus: 3, time: 1795000000 })
  await probe.start((event) => events.push(event))
  const live: ProbeSnapshot[] = [await probe.sample(), await probe.sample()]
  const next = async (settings: Record<string, string | number>, xids: string[] = []) => {
    sim.configure({ gpus: 3, ...settings }, xids)
    await new Promise((resolve) => setTimeout(resolve, 20))
    live.push(await probe.sample())
  }
  await next({ time: 1795000001, '1.fault': 'code:15' })
  await next({ time: 1795000002, '1.fault': 'code:3' }, ['2:63'])
  await until(
    async () => events.length,
    (n) => n === 1,
  )
  await next({ time: 1795000003, '1.remapPending': 1 })
  await next({ time: 1795000004, '2.fault': 'hang' })
  await next({ time: 1795000005 })
  await probe.stop()
  writer.close()
  sim.remove()
  const replayed: ProbeEvent[] = []
  const replay = openRecording(path)
  await replay.start((event) => replayed.push(event))
  for (const snapshot of live) t.same(comparable(await replay.sample()), comparable(snapshot))
  await replay.stop()
  t.same(
    replayed.map(({ kind, device, detail }) => ({ kind, device, detail })),
    events.map(({ kind, device, detail }) => ({ kind, device, detail })),
  )
})

t.test('bad files are refused with the place', async (t) => {
  const refused = async (text: string, wanted: { code: string; facts?: object }, name = 'bad.ndjson') => {
    const path = join(folder, name)
    writeFileSync(path, text)
    const error = await openRecording(path)
      .start(() => undefined)
      .catch((cause: unknown) => cause)
    t.ok(error instanceof AssayError)
    t.match(error, wanted)
  }
  const header =
    '{"assayRecording":1,"source":"nvml","realHardware":false,"madeAt":"","driver":null,"note":""}'
  await refused('', { code: 'AGENT_PROBE_FORMAT', facts: { line: 1 } })
  await refused('{"assayRecording":2}', { code: 'AGENT_PROBE_FORMAT', facts: { line: 1 } })
  await refused(header, { code: 'AGENT_PROBE_FORMAT' })
  await refused(`${header}\n{"at":1}\n`, { code: 'AGENT_PROBE_FORMAT', facts: { line: 2 } })
  await refused(`${header}\n{"at":1,"us":1,"count":1,"driver":null,"gpu":{}}\nx`, {
    code: 'AGENT_PROBE_FORMAT',
    facts: { line: 3 },
  })
  await refused('not gzip', { code: 'AGENT_PROBE_FORMAT' }, 'bad.ndjson.gz')
  await t.rejects(
    openRecording(join(folder, 'none')).start(() => undefined),
    { code: 'AGENT_PROBE_FILE' },
  )
})

t.test('any damage to a line gives a coded error or a reading of cells, never anything else', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  t.comment(`seed ${seed}`)
  const header =
    '{"assayRecording":1,"source":"nvml","realHardware":true,"madeAt":"","driver":null,"note":""}'
  const line = JSON.stringify({
    at: 5,
    us: 5,
    driver: null,
    count: 1,
    gpu: {
      0: {
        handle: 0,
        calls: {
          nvmlDeviceGetPdi: [0, '1000000100000000ffee'],
          nvmlDeviceGetUUID: [0, '4750552d31'],
          'field(82)': [0, '0100000040'],
          'nvmlDeviceGetNvLinkState(0)': [0, '01'],
          nvmlDeviceGetComputeRunningProcesses_v3: [7, '02'],
        },
      },
    },
  })
  const path = join(folder, 'fuzz.ndjson')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(line.length - 1), fc.string({ minLength: 1, maxLength: 1 })), {
        maxLength: 4,
      }),
      async (edits) => {
        let text = line
        for (const [at, character] of edits) text = text.slice(0, at) + character + text.slice(at + 1)
        writeFileSync(path, `${header}\n${text}\n`)
        const probe = openRecording(path)
        try {
          await probe.start(() => undefined)
          const snapshot = await probe.sample()
          for (const device of snapshot.devices) {
            for (const cell of Object.values(device.metrics)) {
              if (cell.presence === 'value' && !Number.isSafeInteger(cell.value)) return false
            }
          }
        } catch (error) {
          if (!(error instanceof AssayError)) throw error
        }
        await probe.stop()
        return true
      },
    ),
    { seed, numRuns: 400 },
  )
})
