import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { type NvidiaSmiOptions, NvidiaSmiProbe } from '../../../firmware-probes/nvidia-smi/nvidiaSmiProbe.ts'
import { until } from '../until.ts'
import { smiXml } from './smiXml.ts'

const folder = mkdtempSync(join(tmpdir(), 'smi-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

/** A stand-in for the command, whose script may change between samples. */
const command = join(folder, 'nvidia-smi')
function script(body: string): void {
  writeFileSync(command, `#!/bin/sh\n${body}\n`)
  chmodSync(command, 0o755)
}
writeFileSync(join(folder, 'one.xml'), smiXml({}))
writeFileSync(join(folder, 'eight.xml'), smiXml({ gpus: Array.from({ length: 8 }, () => ({})) }))

async function once(options: NvidiaSmiOptions) {
  const probe = new NvidiaSmiProbe({ command, timeoutMs: 20_000, ...options })
  await probe.start(() => undefined)
  try {
    return await probe.sample()
  } finally {
    await probe.stop()
  }
}

t.test('reads the command through the package and by itself alike, one GPU and eight', async (t) => {
  for (const [file, count] of [['one.xml', 1] as const, ['eight.xml', 8] as const]) {
    script(`[ "$1 $2" = "-q -x" ] && cat ${join(folder, file)}`)
    const [viaPackage, direct] = [await once({ reader: 'package' }), await once({ reader: 'direct' })]
    t.equal(viaPackage.devices.length, count)
    t.same(viaPackage.devices, direct.devices)
    t.same(viaPackage.warnings, [])
  }
})

t.test('words on stderr do not cost the output', async (t) => {
  script(`echo "WARNING: infoROM is corrupted" >&2; cat ${join(folder, 'one.xml')}`)
  t.equal((await once({ reader: 'package' })).devices.length, 1)
})

t.test('a hanging command is ended with what it started, and its devices read as errors', async (t) => {
  script(`cat ${join(folder, 'one.xml')}`)
  for (const reader of ['package', 'direct'] as const) {
    script(`cat ${join(folder, 'one.xml')}`)
    const probe = new NvidiaSmiProbe({ command, reader, timeoutMs: reader === 'direct' ? 1500 : 4000 })
    await probe.start(() => undefined)
    await probe.sample()
    const pidFile = join(folder, `${reader}.pid`)
    script(`sleep 600 & echo $! > ${pidFile}; wait`)
    const snapshot = await probe.sample()
    t.match(snapshot.warnings, [{ code: 'AGENT_PROBE_TIMEOUT' }])
    t.same(
      new Set(Object.values(snapshot.devices[0]?.metrics ?? {}).map((cell) => cell.presence)),
      new Set(['error']),
    )
    const pid = Number(readFileSync(pidFile, 'utf8'))
    await until(
      async () => {
        try {
          // A killed process that nobody reaped yet shows as Z.
          return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
        } catch {
          return true
        }
      },
      (ended) => ended,
    )
    script(`cat ${join(folder, 'one.xml')}`)
    t.ok((await probe.sample()).devices[0]?.metrics.temperatureGpuC?.presence === 'value', 'and back')
    await probe.stop()
  }
})

t.test('failures before anything was read', async (t) => {
  script('echo "NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver."; exit 9')
  await t.rejects(once({}), { code: 'AGENT_PROBE_COMMAND', facts: { exit: 9 } })
  script('echo "<nvidia_smi_log><gpu>"')
  await t.rejects(once({}), { code: 'AGENT_PROBE_FORMAT' })
  script('yes "<a/>"')
  await t.rejects(once({ reader: 'direct', mostBytes: 1e6 }), { code: 'AGENT_PROBE_LIMIT' })
  await t.rejects(once({ command: join(folder, 'none') }), { code: 'AGENT_PROBE_COMMAND' })
  await t.rejects(once({ file: join(folder, 'none.xml') }), { code: 'AGENT_PROBE_FILE' })
  await t.rejects(once({ file: folder }), { code: 'AGENT_PROBE_FILE' })
})
