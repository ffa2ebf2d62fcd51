import { request } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { agentHealth } from '../../agent/metrics/agentHealth.ts'
import { createMetricsServer } from '../../agent/metrics/metricsServer.ts'
import { testAgent, testSettings } from './helpers/agentFixture.ts'
import { createFakeProbe } from './helpers/fakeProbe.ts'
import { waitFor } from './helpers/waitFor.ts'

function get(
  where: { socketPath: string } | { port: number },
  path: string,
  method = 'GET',
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...where, host: '127.0.0.1', path, method }, (response) => {
      let text = ''
      response.on('data', (part) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

t.test('metrics and health of a running agent on a unix socket', async (t) => {
  const directory = t.testdir()
  const socketPath = join(directory, 'm')
  const probe = createFakeProbe(2)
  const agent = testAgent(t, testSettings(directory, null, { 'metrics.listen': `unix:${socketPath}` }), probe)
  await agent.start()
  await waitFor('entries', async () =>
    /entries_produced [3-9]/.test((await get({ socketPath }, '/metrics')).text),
  )
  const { text } = await get({ socketPath }, '/metrics')
  t.match(text, /assay_agent_conservation_remainder 0\n/)
  t.match(text, /assay_agent_devices 2\n/)
  t.match(text, /assay_agent_entries_dropped\{class="telemetry",reason="quota"\} 0/)
  t.match(text, /assay_agent_samples_total\{outcome="ok"\}/)
  t.match(await get({ socketPath }, '/healthz'), { status: 200, text: /"ok":true/ })
  t.equal((await get({ socketPath }, '/else')).status, 404)
  t.equal((await get({ socketPath }, '/metrics', 'POST')).status, 405)
  probe.failure = new Error('driver gone')
  await waitFor('unhealthy', async () => (await get({ socketPath }, '/healthz')).status === 503)
  t.match((await get({ socketPath }, '/healthz')).text, /driver gone/)
  await agent.stop()
  await t.rejects(get({ socketPath }, '/healthz'))
})

t.test('loopback TCP, and a port that is taken', async (t) => {
  const parts = {
    metrics: async () => 'm 1\n',
    contentType: 'text/plain',
    health: () => ({ isHealthy: true, parts: {} }),
  }
  const server = createMetricsServer({ ...parts, listen: '127.0.0.1:0' })
  const url = await server.start()
  const port = Number(new URL(url ?? '').port)
  t.same(await get({ port }, '/metrics?x=1'), { status: 200, text: 'm 1\n' })
  await t.rejects(createMetricsServer({ ...parts, listen: `127.0.0.1:${port}` }).start(), {
    code: 'AGENT_METRICS_LISTEN',
  })
  await server.stop()
  t.equal(await createMetricsServer({ ...parts, listen: 'off' }).start(), null)
})

t.test('health says what is wrong and never calls silence healthy', async (t) => {
  const facts = {
    sinceSampleMs: 100,
    samplePeriodMs: 1000,
    sourceFault: null,
    isSpoolBroken: false,
    counters: { produced: 3, acked: 1, spooled: 2, dropped: [] },
    isConnected: false,
  }
  t.match(agentHealth(facts), { isHealthy: true, parts: { source: true, broker: /spooling/ } })
  t.match(agentHealth({ ...facts, sinceSampleMs: Number.POSITIVE_INFINITY }), {
    isHealthy: false,
    parts: { source: /no reading yet/ },
  })
  t.match(agentHealth({ ...facts, sinceSampleMs: 3001 }), { isHealthy: false })
  t.match(agentHealth({ ...facts, isSpoolBroken: true }), { isHealthy: false })
  t.match(agentHealth({ ...facts, counters: { ...facts.counters, spooled: 1 } }), {
    isHealthy: false,
    parts: { conservation: 'remainder 1' },
  })
})
