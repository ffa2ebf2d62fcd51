import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { DcgmExporterProbe } from '../../../firmware-probes/dcgm/dcgmExporterProbe.ts'

t.test('an address that answers, fails, hangs, and answers again', async (t) => {
  let mode: 'page' | 'error' | 'hang' = 'page'
  const server = createServer((_, response) => {
    if (mode === 'hang') return
    response.statusCode = mode === 'page' ? 200 : 500
    response.end('DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-aa"} 45\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
  const probe = new DcgmExporterProbe(url, { timeoutMs: 300 })
  await probe.start(() => undefined)
  mode = 'error'
  await t.rejects(probe.sample(), { code: 'AGENT_PROBE_HTTP', facts: { status: 500 } }, 'never read yet')
  mode = 'page'
  t.match((await probe.sample()).devices[0]?.metrics.temperatureGpuC, { presence: 'value', value: 45 })
  mode = 'error'
  const failed = await probe.sample()
  t.match(failed.devices[0]?.metrics.temperatureGpuC, { presence: 'error' })
  t.match(failed.warnings, [{ code: 'AGENT_PROBE_HTTP' }])
  mode = 'hang'
  t.match((await probe.sample()).warnings, [{ code: 'AGENT_PROBE_TIMEOUT' }])
  mode = 'page'
  t.match((await probe.sample()).devices[0]?.metrics.temperatureGpuC, { presence: 'value', value: 45 })
  await probe.stop()
  await t.rejects(probe.sample(), { code: 'AGENT_PROBE_STATE' })
})

t.test('nothing listens, no file', async (t) => {
  for (const [from, code] of [
    ['http://127.0.0.1:9/metrics', 'AGENT_PROBE_HTTP'],
    ['/nonexistent.prom', 'AGENT_PROBE_FILE'],
  ] as const) {
    const probe = new DcgmExporterProbe(from)
    await probe.start(() => undefined)
    await t.rejects(probe.sample(), { code })
  }
})
