import t from 'tap'
import type { ChildLink } from '../../../firmware-probes/nvml/childLink.ts'
import type { FromChild, ToChild } from '../../../firmware-probes/nvml/messages.ts'
import { NvmlProbe } from '../../../firmware-probes/nvml/nvmlProbe.ts'

type Script = { readonly first: FromChild; readonly dies: boolean }

/** Children that answer by a script instead of a library: what a driver in uninterruptible sleep cannot be made to do. */
function scripted(script: Script) {
  const started: { killed: boolean; asked: ToChild[] }[] = []
  const launch = (): ChildLink => {
    const state = { killed: false, asked: [] as ToChild[] }
    let gone = (_: { code: number | null; signal: string | null }) => undefined as unknown
    started.push(state)
    return {
      send: (message) => state.asked.push(message),
      onMessage: (listener) => queueMicrotask(() => listener(script.first)),
      onGone: (listener) => {
        gone = listener
      },
      touching: () => null,
      kill: () => {
        state.killed = true
        if (script.dies) queueMicrotask(() => gone({ code: null, signal: 'SIGKILL' }))
      },
    }
  }
  return { started, launch }
}

t.test('codes of nvmlInit that have their own remedy', async (t) => {
  const wanted = [
    [4, 'AGENT_PROBE_NVML_PERMISSION'],
    [9, 'AGENT_PROBE_NVML_DRIVER'],
    [18, 'AGENT_PROBE_NVML_MISMATCH'],
    [999, 'AGENT_PROBE_NVML_INIT'],
  ] as const
  for (const [code, error] of wanted) {
    const { launch, started } = scripted({
      first: { say: 'unusable', stage: 'init', code, text: '' },
      dies: true,
    })
    const probe = new NvmlProbe({ launch })
    await t.rejects(
      probe.start(() => undefined),
      { code: error, facts: { code } },
    )
    t.ok(started.every((child) => child.killed))
  }
})

t.test(
  'children that outlive their kill: two, then NVML is left alone and nothing reads as a value',
  async (t) => {
    const { launch, started } = scripted({
      first: { say: 'ready', driver: '580.95.05', count: 2 },
      dies: false,
    })
    const probe = new NvmlProbe({ launch, deadlineMs: 10, firstDeadlineMs: 10, initDeadlineMs: 1000 })
    await probe.start(() => undefined)
    const first = await probe.sample()
    const second = await probe.sample()
    t.equal(started.length, 2, 'no third child was started')
    for (const snapshot of [first, second]) {
      t.equal(snapshot.devices.length, 2)
      for (const device of snapshot.devices) {
        t.same(new Set(Object.values(device.metrics).map((cell) => cell.presence)), new Set(['error']))
      }
      t.match(snapshot.warnings[0], { code: 'AGENT_PROBE_NVML_STUCK' })
    }
    await probe.stop()
  },
)
