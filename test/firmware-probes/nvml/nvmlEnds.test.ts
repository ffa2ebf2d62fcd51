import { spawn } from 'node:child_process'
import t from 'tap'
import type { NvmlOptions } from '../../../firmware-probes/nvml/nvmlOptions.ts'
import { NvmlProbe } from '../../../firmware-probes/nvml/nvmlProbe.ts'
import { buildNvmlSim, nvmlSimUnavailable } from '../../fixtures/nvmlsim/buildNvmlSim.ts'
import { until } from '../until.ts'
import { readerPids, readersAlive } from './readersAlive.ts'

const reason = nvmlSimUnavailable()
if (reason !== null && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(reason)
if (reason !== null) t.plan(0, reason)

const sim = reason === null ? buildNvmlSim() : null
t.teardown(() => sim?.remove())

const settle = () => new Promise((resolve) => setTimeout(resolve, 20))

if (sim !== null) {
  t.test('kill -9 of the process that reads leaves no reader behind, not even a hung one', async (t) => {
    sim.configure({ gpus: 2, '1.fault': 'hang' })
    await settle()
    const script = `
      import('./firmware-probes/nvml/nvmlProbe.ts').then(async ({ NvmlProbe }) => {
        const probe = new NvmlProbe({ library: ${JSON.stringify(sim.library)}, firstDeadlineMs: 60000, initDeadlineMs: 60000 })
        void probe.start(() => undefined)
      })`
    const parent = spawn(process.execPath, ['--import=tsx', '--conditions=@assay/source', '-e', script], {
      cwd: new URL('../../..', import.meta.url).pathname,
      stdio: 'ignore',
    })
    const readers = () => readersAlive(sim.library)
    // The second reader hangs while it registers the second GPU.
    await until(
      async () => readers(),
      (alive) => alive >= 2,
    )
    await settle()
    parent.kill('SIGKILL')
    await until(
      async () => readers(),
      (alive) => alive === 0,
    )
    t.equal(readers(), 0)
  })

  t.test(
    'a signal to the whole group does not end the readers, so it does not look like a crash',
    async (t) => {
      sim.configure({ gpus: 2 })
      const events: string[] = []
      const probe = new NvmlProbe({ library: sim.library, firstDeadlineMs: 5000 })
      await probe.start((event) => events.push(event.kind))
      await probe.sample()
      for (const pid of readerPids(sim.library)) {
        process.kill(pid, 'SIGINT')
        process.kill(pid, 'SIGTERM')
      }
      await settle()
      t.match((await probe.sample()).devices[0]?.metrics.powerDrawW, { presence: 'value' })
      t.same(events, [])
      await probe.stop()
      t.equal(readersAlive(sim.library), 0)
    },
  )

  t.test('what cannot start says why, with a code', async (t) => {
    const codeOf = async (settings: Record<string, string | number>, options: NvmlOptions = {}) => {
      sim.configure(settings)
      await settle()
      const probe = new NvmlProbe({ library: sim.library, ...options })
      const answer = await probe.start(() => undefined).catch((cause: { code: string }) => cause.code)
      await probe.stop()
      return answer
    }
    t.equal(await codeOf({}, { library: '/nonexistent/libnvidia-ml.so.1' }), 'AGENT_PROBE_NVML_LIBRARY')
    t.equal(await codeOf({ 'fault.nvmlInit_v2': 'code:9' }), 'AGENT_PROBE_NVML_DRIVER')
    t.equal(await codeOf({ 'fault.nvmlInit_v2': 'crash' }), 'AGENT_PROBE_NVML_INIT')
    t.equal(await codeOf({ 'fault.nvmlInit_v2': 'hang' }, { initDeadlineMs: 800 }), 'AGENT_PROBE_NVML_STUCK')
    t.equal(await codeOf({ gpus: 0 }), 'AGENT_PROBE_NO_DEVICE')
    t.equal(readersAlive(sim.library), 0)
  })
}
