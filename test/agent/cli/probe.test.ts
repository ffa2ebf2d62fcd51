import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { METRICS } from '#protocol/wire/metrics'
import type { ProbeEvent } from '#protocol/wire/reading'
import type { ProbeArguments } from '../../../agent/cli/probe.ts'
import { probeJson, type ShownSnapshot } from '../../../agent/cli/probeJson.ts'
import { probeTable } from '../../../agent/cli/probeTable.ts'
import { openSource } from '../../../firmware-probes/openSource.ts'
import { smiXml } from '../../firmware-probes/nvidia-smi/smiXml.ts'
import { sharedData } from '../../fixtures/sharedData.ts'

const folder = mkdtempSync(join(tmpdir(), 'probe-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const root = new URL('../../..', import.meta.url).pathname
const DEVICE_METRICS = METRICS.filter((metric) => metric.id < 200).map((metric) => metric.name)

async function read(source: string): Promise<ShownSnapshot> {
  const events: ProbeEvent[] = []
  const probe = openSource(source)
  await probe.start((event) => events.push(event))
  const shown = probeJson(await probe.sample(), probe.synthetic === true, events)
  await probe.stop()
  return JSON.parse(JSON.stringify(shown)) as ShownSnapshot
}

/** The promise of the output: a number for every name, or null with its reason; a table that shows it. */
function holdsShape(t: Test, shown: ShownSnapshot): void {
  for (const device of shown.devices) {
    t.same(Object.keys(device.readings), DEVICE_METRICS)
    const wrong = DEVICE_METRICS.filter((name) => {
      const reading = device.readings[name]
      const reason = device.presence[name]
      return reading === null
        ? !/^(unsupported|forbidden|absent|error\(\d+\))$/.test(reason ?? '')
        : typeof reading !== 'number' || !Number.isFinite(reading) || reason !== undefined
    })
    t.same(wrong, [], `device ${device.index}`)
    t.match(device.identityQuality, /^(board|weak|insufficient)$/)
  }
  t.equal(new Set(shown.devices.map((device) => device.index)).size, shown.devices.length)
  t.match(probeTable(shown), new RegExp(`^source ${shown.source}`))
}

/** What some captures are known to say; absent names are not compared. */
const KNOWN: Readonly<
  Record<string, { quality: string; readings: Readonly<Record<string, number | string>> }>
> = {
  'hw-h100.xml': {
    quality: 'weak',
    readings: {
      temperatureGpuC: 29,
      powerDrawW: 68.57,
      pcieReplayTotal: 150,
      temperatureShutdownC: 'absent',
    },
  },
  'mock-gb200-lost.xml': {
    quality: 'board',
    readings: { eccUncorrectedVolatileTotal: 5, remappedRowsFailure: 1 },
  },
  'telegraf-gtx-1070-ti.xml': {
    quality: 'weak',
    readings: { powerDrawW: 'unsupported', memoryTotalBytes: 4294967296 },
  },
  'telegraf-a100-sxm4-v12.xml': {
    quality: 'board',
    readings: { migInstances: 4, utilizationGpuPct: 'unsupported' },
  },
  'telegraf-tesla-t4.xml': {
    quality: 'weak',
    readings: { powerLimitW: 70, remappedRowsFailure: 'unsupported' },
  },
}

t.test('every capture of nvidia-smi', async (t) => {
  const base = sharedData(t, 'captures/nvidia')
  if (base === undefined) return
  const files = (readdirSync(base, { recursive: true }) as string[]).filter((file) => file.endsWith('.xml'))
  t.ok(files.length >= 14, `${files.length} files`)
  for (const file of files) {
    const shown = await read(`nvidia-smi:${join(base, file)}`)
    t.ok(shown.devices.length > 0, file)
    holdsShape(t, shown)
    const known = Object.entries(KNOWN).find(([name]) => file.endsWith(name))?.[1]
    if (known === undefined) continue
    const first = shown.devices[0]
    t.equal(first?.identityQuality, known.quality, file)
    for (const [name, wanted] of Object.entries(known.readings)) {
      t.equal(first?.readings[name] ?? first?.presence[name], wanted, `${file} ${name}`)
    }
  }
})

t.test('every capture of exporters and kernel logs', async (t) => {
  for (const [source, path] of [
    ['dcgm-exporter', 'captures/nvidia/dcgm'],
    ['dcgm-exporter', 'captures/nvidia/prom'],
    ['kmsg', 'captures/nvidia/kmsg'],
  ] as const) {
    const base = sharedData(t, path)
    if (base === undefined) return
    for (const file of readdirSync(base).filter((name) => statSync(join(base, name)).isFile())) {
      const shown = await read(`${source}:${join(base, file)}`)
      holdsShape(t, shown)
      if (source === 'kmsg') t.ok(Array.isArray(shown.events), file)
      else t.ok(shown.devices.length > 0, file)
      if (file === 'dcgm-exporter-t4-driver460.prom') t.equal(shown.devices[0]?.readings.powerDrawW, 8.969)
      if (file === 'dmesg-with-xid-119.log') {
        t.match(shown.devices, [{ serial: '1650124014249', uuid: /^GPU-509665ad/ }])
        t.equal(shown.events?.length, 5)
        t.match(shown.events?.[0]?.xid, { xid: 119, class: 'firmware' })
      }
    }
  }
})

t.test('the command: output, exit codes, and where words go', async (t) => {
  const run = (args: ProbeArguments) =>
    spawnSync(
      process.execPath,
      ['--import=tsx', '--conditions=@assay/source', '-e', RUN, '--', JSON.stringify(args)],
      { cwd: root, encoding: 'utf8', env: { ...process.env, ASSAY_NVML_LIBRARY: '/nonexistent.so' } },
    )
  const file = join(folder, 'smi.xml')
  writeFileSync(file, smiXml({ schema: 14 }))
  const good = run({ source: `nvidia-smi:${file}`, json: true })
  t.equal(good.status, 0, 'warnings are no failure')
  t.match(JSON.parse(good.stdout), { devices: [{ readings: { temperatureGpuC: 45 } }], warnings: [{}] })
  t.equal(good.stderr, '')
  const taped = join(folder, 'taped.ndjson')
  t.equal(run({ source: `nvidia-smi:${file}`, json: true, record: taped }).status, 0)
  const replayed = JSON.parse(run({ source: `recording:${taped}`, json: true, once: true }).stdout)
  t.same(replayed.devices, JSON.parse(good.stdout).devices)
  t.equal(replayed.synthetic, true, 'a file is not hardware')
  const twice = run({ source: `nvidia-smi:${file}`, record: taped })
  t.equal(twice.status, 2, 'a recording is never overwritten')
  const table = run({ source: 'recording:test/fixtures/recordings/synthetic-h200x8.ndjson.gz', once: true })
  t.equal(table.status, 0)
  t.match(table.stdout, /SYNTHETIC/)
  for (const [source, status, code] of [
    ['nvidia-smi:/nonexistent.xml', 2, 'AGENT_PROBE_FILE'],
    [`dcgm-exporter:${file}`, 2, 'AGENT_PROBE_FORMAT'],
    ['gpu', 2, 'AGENT_PROBE_SOURCE'],
    ['nvml', 1, 'AGENT_PROBE_NVML_LIBRARY'],
  ] as const) {
    const bad = run({ source, json: true })
    t.equal(bad.status, status, source)
    t.match(bad.stderr, new RegExp(code))
    t.equal(bad.stdout, '')
  }
})

const RUN = `
  import('./agent/cli/probe.ts').then(async ({ probeCommand }) => {
    process.exitCode = await probeCommand(JSON.parse(process.argv.at(-1)))
  })
`
