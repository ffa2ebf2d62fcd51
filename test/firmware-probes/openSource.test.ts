import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { ProbeEvent } from '#protocol/wire/reading'
import { openSource } from '../../firmware-probes/openSource.ts'
import { openRecording } from '../../firmware-probes/recording/openRecording.ts'
import { RecordingWriter } from '../../firmware-probes/recording/recordingWriter.ts'
import { buildNvmlSim, nvmlSimUnavailable } from '../fixtures/nvmlsim/buildNvmlSim.ts'
import { smiXml } from './nvidia-smi/smiXml.ts'

const folder = mkdtempSync(join(tmpdir(), 'source-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const SHIPPED = new URL('../fixtures/recordings/synthetic-h200x8.ndjson.gz', import.meta.url).pathname
const NO_LIBRARY = { library: '/nonexistent/libnvidia-ml.so.1' }

const save = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

t.test('names that are none', async (t) => {
  for (const spec of [
    '',
    'nvm',
    'nvml:x',
    'recording:',
    'dcgm-exporter',
    'constructor',
    'toString:x',
    'auto:x',
  ]) {
    t.throws(() => openSource(spec), { code: 'AGENT_PROBE_SOURCE' }, spec)
  }
  t.throws(() => openSource('recording'), { code: 'AGENT_PROBE_SOURCE' })
})

t.test('auto: NVML where a device answers, else the recording, else why not', async (t) => {
  const replay = openSource('auto', { recording: SHIPPED, nvml: NO_LIBRARY })
  t.equal(replay.name, 'auto')
  await t.rejects(replay.sample(), { code: 'AGENT_PROBE_STATE' })
  await replay.start(() => undefined)
  t.equal(replay.name, 'recording:synthetic-h200x8')
  t.equal(replay.synthetic, true)
  t.equal((await replay.sample()).source, 'recording:synthetic-h200x8')
  await replay.stop()
  await t.rejects(
    openSource('auto', { nvml: NO_LIBRARY }).start(() => undefined),
    { code: 'AGENT_PROBE_NVML_LIBRARY' },
  )
  const reason = nvmlSimUnavailable()
  if (reason !== null) return t.comment(`NVML not tried: ${reason}`)
  const sim = buildNvmlSim()
  sim.configure({ gpus: 1 })
  const real = openSource('auto', { recording: SHIPPED, nvml: { library: sim.library } })
  await real.start(() => undefined)
  t.equal(real.name, 'nvml')
  t.equal(real.synthetic, false)
  await real.stop()
  sim.configure({ gpus: 0 })
  const none = openSource('auto', { recording: SHIPPED, nvml: { library: sim.library } })
  await none.start(() => undefined)
  t.equal(none.name, 'recording:synthetic-h200x8', 'a library without a device is no source')
  await none.stop()
  sim.remove()
})

t.test('every source that reads a file records and replays through its own decoder', async (t) => {
  const xid = 'NVRM: Xid (PCI:0000:9b:00): 119, pid=1, Timeout'
  const cases = [
    ['nvidia-smi', save('smi.xml', smiXml({ gpus: [{}, { 'temperature/gpu_temp': 'GPU is lost' }] }))],
    ['dcgm-exporter', save('page.prom', 'DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-aa"} 45\n')],
    ['kmsg', save('log', `${xid}\n`)],
  ] as const
  for (const [kind, file] of cases) {
    const events: ProbeEvent[] = []
    const probe = openSource(`${kind}:${file}`)
    await probe.start((event) => events.push(event))
    const direct = await probe.sample()
    await probe.stop()
    t.equal(direct.source, kind)
    const path = join(folder, `${kind}.ndjson.gz`)
    const writer = new RecordingWriter(path, {
      source: kind,
      realHardware: true,
      madeAt: '',
      driver: null,
      note: '',
    })
    writer.tap({ kind, atMs: 5, durationUs: 7, text: readFileSync(file, 'utf8') })
    writer.close()
    const again: ProbeEvent[] = []
    const replay = openRecording(path)
    await replay.start((event) => again.push(event))
    t.equal(replay.synthetic, false, 'made on real hardware')
    const replayed = await replay.sample()
    t.same(replayed.devices, direct.devices)
    t.equal(replayed.source, `recording:${kind}`)
    t.same(
      again.map(({ kind: name, detail }) => [name, ...detail]),
      events.map(({ kind: name, detail }) => [name, ...detail]),
    )
    await replay.stop()
  }
})
