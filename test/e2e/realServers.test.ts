import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import t from 'tap'
import { toHex } from '#protocol/bytes'
import type { AssetsView } from '#protocol/http/assetView'
import type { RoundSummary } from '#protocol/http/roundView'
import { upTopic } from '#protocol/wire/topics'
import { openAgentKey } from '../../agent/keys/agentKey.ts'
import { prepareStateDirectory, statePaths } from '../../agent/keys/stateDirectory.ts'
import { anvilBinary, startAnvil } from '../../oracle/registry/anvil.ts'
import { rpcCall } from '../../oracle/registry/rpcCall.ts'
import { metricSum, type UpSummary } from '../../oracle/up/upSummary.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { runAssay } from '../helpers/assayProcess.ts'
import { type CertFiles, createAuthority, noOpenssl } from '../helpers/certs.ts'
import { noInflux, startInflux } from '../helpers/influx.ts'
import { noMosquitto, startMosquittoOpen, startMosquittoTls } from '../helpers/mosquitto.ts'
import { startProcessFeed } from '../helpers/processFeed.ts'
import { freePort } from '../helpers/realServer.ts'

const noAnvil = anvilBinary() ? undefined : 'anvil is not installed (npm install, optional packages)'
if (noAnvil && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(noAnvil)
const skip = noOpenssl() ?? noMosquitto() ?? noInflux() ?? noAnvil ?? false
t.setTimeout(180_000)

t.test(
  'mosquitto with mutual TLS, InfluxDB and a chain of its own carry the whole path',
  { skip },
  async (t) => {
    const authority = createAuthority()
    t.teardown(() => authority.remove())
    const folder = mkdtempSync(join(tmpdir(), 'assay-influx-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    let influx = await startInflux({ folder })
    t.teardown(() => influx.stop())
    const chain = await startAnvil()
    t.teardown(() => chain.stop())
    const roles = { nodes: ['node-0', 'node-1', 'node-2'], operators: [] }
    const mosquitto = await startMosquittoTls(authority, roles)
    t.teardown(() => mosquitto.stop())
    const tls = ({ cert, key }: CertFiles) => ({
      'mqtt.tls.caFile': authority.ca,
      'mqtt.tls.certFile': cert,
      'mqtt.tls.keyFile': key,
    })
    const feed = await startProcessFeed({
      outside: async (dir) => {
        const paths = statePaths(`${dir}/agent`)
        await prepareStateDirectory(paths.directory)
        const { agentIdHex } = await openAgentKey(paths.key)
        return {
          broker: mosquitto.url,
          rpc: chain.url,
          influx: `http://127.0.0.1:${influx.port}/fleet`,
          nodeExtra: (index) => tls(authority.client(`node-${index}`)),
          agentExtra: tls(authority.client(agentIdHex)),
        }
      },
    })
    t.teardown(() => feed.stop())
    const [first] = feed.roster.nodes.map((node) => node.url)

    t.test('rounds over every device are posted by the quorum', async (t) => {
      const round = await waitFor('a full posted round', async () => {
        const { rounds } = (await (await fetch(`${first}/api/v1/rounds`)).json()) as {
          rounds: RoundSummary[]
        }
        return rounds.find((each) => each.state === 'posted' && each.leafCount === feed.devices)
      })
      t.ok(round.signers.length >= 2, `${round.signers.length} signers`)
      const receipt = await rpcCall(chain.url, 'eth_getTransactionReceipt', [round.transaction])
      t.match(receipt, { status: '0x1' }, 'on the chain that was given')
      t.match(mosquitto.output(), /New client connected|assay-node/, 'over that mosquitto')
    })

    t.test('every accelerator has points in InfluxDB, in the units of their names', async (t) => {
      const { assets } = (await (await fetch(`${first}/api/v1/assets`)).json()) as AssetsView
      const rows = await waitFor('points of every asset', async () => {
        const found = await influx.query(
          'fleet',
          'SELECT count(powerDrawW) AS n, min(powerDrawW) AS low, max(powerDrawW) AS high FROM gpu GROUP BY asset',
        )
        return found.length === feed.devices && found
      })
      t.same(new Set(rows.map((row) => row.asset)), new Set(assets.map((asset) => asset.assetId)))
      t.ok(rows.every((row) => Number(row.low) > 30 && Number(row.high) < 1500))
      const events = await influx.query('fleet', 'SELECT * FROM event')
      t.ok(events.some((row) => row.name === 'agent_started' && row.agent === feed.agentId))
      const metrics = await (await fetch(`${first}/metrics`)).text()
      t.ok(metricSum(metrics, 'assay_oracle_sink_points_written_total') >= feed.devices)
      t.equal(metricSum(metrics, 'assay_oracle_sink_points_dropped_total'), 0)
    })

    t.test('a foreign client certificate has no effect under the agent’s topic', async (t) => {
      const rejected = async (): Promise<number> =>
        metricSum(await (await fetch(`${first}/metrics`)).text(), 'assay_oracle_ingest_rejected_total')
      t.equal(await rejected(), 0)
      const open = ({ cert, key }: CertFiles): Promise<MqttClient> =>
        connectAsync(mosquitto.url, {
          ca: readFileSync(authority.ca),
          cert: readFileSync(cert),
          key: readFileSync(key),
          reconnectPeriod: 0,
        })
      const topic = upTopic(toHex(feed.roster.feedId), feed.agentId, 'batch')
      const foreign = await open(authority.client('ab'.repeat(32)))
      for (let i = 0; i < 20; i++) await foreign.publishAsync(topic, Buffer.from('forged'), { qos: 1 })
      await foreign.publishAsync(
        upTopic(toHex(feed.roster.feedId), 'ab'.repeat(32), 'batch'),
        Buffer.from('under its own name, so that what came before is through'),
        { qos: 1 },
      )
      await foreign.endAsync()
      await waitFor('the message under its own name', async () => (await rejected()) > 0)
      t.equal(await rejected(), 1, 'of 21 messages the one under its own name arrived, and was refused')
      const own = await open(authority.client(feed.agentId))
      await own.publishAsync(topic, Buffer.from('garbage'), { qos: 1 })
      await own.endAsync()
      await waitFor('garbage of the agent itself', async () => (await rejected()) === 2)
      t.pass('the agent’s own certificate gets through to the same topic')
      await t.rejects(
        connectAsync(mosquitto.url, { ca: readFileSync(authority.ca), reconnectPeriod: 0 }),
        'no certificate, no connection',
      )
    })

    t.test('InfluxDB away: rounds go on, nothing is lost when it returns', async (t) => {
      const newest = async (): Promise<number> => {
        const { rounds } = (await (await fetch(`${first}/api/v1/rounds`)).json()) as {
          rounds: RoundSummary[]
        }
        return rounds.find((each) => each.state === 'posted')?.round ?? 0
      }
      await influx.stop()
      const from = Date.now()
      const before = await newest()
      await waitFor('a later round', async () => (await newest()) > before)
      const until = Date.now()
      t.ok(readFileSync(`${feed.dir}/node-0.log`, 'utf8').includes('ORACLE_SINK'), 'the log says so')
      influx = await startInflux({ folder, port: influx.port })
      const during = `time > ${from}ms AND time < ${until}ms`
      await waitFor('the points of the outage', async () => {
        const rows = await influx.query(
          'fleet',
          `SELECT count(samples) AS n FROM gpu WHERE ${during} GROUP BY asset`,
        )
        return rows.length === feed.devices
      })
      const metrics = await (await fetch(`${first}/metrics`)).text()
      t.equal(metricSum(metrics, 'assay_oracle_sink_points_dropped_total'), 0, 'no point was given up')
    })
  },
)

t.test('assay up --broker --influx --rpc uses the servers that it is given', { skip }, async (t) => {
  const influx = await startInflux()
  t.teardown(() => influx.stop())
  const chain = await startAnvil()
  t.teardown(() => chain.stop())
  const mosquitto = await startMosquittoOpen()
  t.teardown(() => mosquitto.stop())
  const given = [
    '--broker',
    mosquitto.url,
    '--influx',
    `http://127.0.0.1:${influx.port}/up`,
    '--rpc',
    chain.url,
  ]
  const run = runAssay(['up', '--port', '0', '--rounds', '1', '--json', ...given])
  t.teardown(() => run.end())
  t.equal((await run.ended).code, 0, run.err.slice(-5).join('\n'))
  const summary = JSON.parse(run.out.at(-1) ?? '') as UpSummary
  const tx = await rpcCall(chain.url, 'eth_getTransactionReceipt', [summary.rounds[0]?.tx])
  t.match(tx, { status: '0x1' })
  const rows = await influx.query('up', 'SELECT count(samples) AS n FROM gpu GROUP BY asset')
  t.equal(rows.length, summary.devices, 'points of every device')
  t.notOk(
    run.seen().some((each) => /anvil|assay\.js broker/.test(each.command)),
    'no chain and no broker of its own',
  )
})

t.test('assay up says what is wrong with a server that is not there', { skip }, async (t) => {
  const closed = await freePort()
  for (const [flag, url, found] of [
    ['--rpc', `http://127.0.0.1:${closed}`, 'ECONNREFUSED'],
    ['--rpc', 'not a url', '--rpc http://HOST:PORT'],
    ['--broker', `mqtt://127.0.0.1:${closed}`, 'ECONNREFUSED'],
    ['--broker', 'http://127.0.0.1:80', '--broker mqtt://HOST:PORT'],
    ['--influx', `http://127.0.0.1:${closed}/assay`, 'ECONNREFUSED'],
  ] as const) {
    const run = runAssay(['up', '--port', '0', '--rounds', '1', '--json', flag, url])
    t.equal((await run.ended).code, 1)
    t.match(run.err.join('\n'), 'ORACLE_UP')
    t.match(run.err.join('\n'), found)
    t.same(run.out, [], 'nothing that looks like a result')
  }
})
