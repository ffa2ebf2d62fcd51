import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Incident, RoundSummary } from '#protocol/http/roundView'
import type { NodeHealth } from '../../oracle/api/nodeView.ts'
import { anvilBinary, startAnvil } from '../../oracle/registry/anvil.ts'
import { metricSum } from '../../oracle/up/upSummary.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { startProcessFeed } from '../helpers/processFeed.ts'
import { startTcpProxy } from '../helpers/tcpProxy.ts'

const noAnvil = anvilBinary() ? false : 'anvil is not installed (npm install, optional packages)'
if (noAnvil && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(noAnvil)
t.setTimeout(180_000)

t.test('what a running node meets', { skip: noAnvil }, async (t) => {
  const chain = await startAnvil()
  t.teardown(() => chain.stop())
  const proxy = await startTcpProxy(Number(new URL(chain.url).port))
  t.teardown(() => proxy.stop())
  const feed = await startProcessFeed({
    epochS: 2,
    agentExtra: { 'mqtt.reconnectMax': '1s' },
    outside: async () => ({
      rpc: chain.url,
      nodeExtra: () => ({ 'chain.rpcUrl': `http://127.0.0.1:${proxy.port}` }),
    }),
  })
  t.teardown(() => feed.stop())
  const urls = feed.roster.nodes.map((node) => node.url)
  const first = urls[0] as string
  const health = (): Promise<{ status: number; body: NodeHealth }[]> =>
    Promise.all(
      urls.map(async (url) => {
        const answer = await fetch(`${url}/healthz`)
        return { status: answer.status, body: (await answer.json()) as NodeHealth }
      }),
    )
  const incidentsOf = async (url: string): Promise<Incident[]> =>
    ((await (await fetch(`${url}/api/v1/incidents`)).json()) as { incidents: Incident[] }).incidents
  const newestPosted = async (): Promise<number> => {
    const { rounds } = (await (await fetch(`${first}/api/v1/rounds`)).json()) as { rounds: RoundSummary[] }
    return rounds.find((each) => each.state === 'posted')?.round ?? 0
  }
  const later = (than: number): Promise<number> =>
    waitFor('a later posted round', async () => {
      const newest = await newestPosted()
      return newest > than && newest
    })
  const agentMetric = async (name: string): Promise<number> =>
    metricSum(await (await fetch(feed.metrics)).text(), `assay_agent_entries_${name}`)
  const allHealthy = (): Promise<unknown> =>
    waitFor('every node to be healthy', async () => (await health()).every((each) => each.status === 200))
  const logOf = (index: number): string => readFileSync(join(feed.dir, `node-${index}.log`), 'utf8')

  await later(0)
  await allHealthy()

  t.test('the chain is lost and comes back: one incident, readings go on, then rounds', async (t) => {
    const before = await newestPosted()
    await proxy.cut()
    const told = await waitFor('every node to say so', async () => {
      const all = await health()
      return all.every((each) => each.status === 503) && all
    })
    t.ok(told.every(({ body }) => body.problems.some((text) => text.startsWith('ORACLE_CHAIN_UNREACHABLE'))))
    const acked = await agentMetric('acked')
    await waitFor('acks without a chain', async () => (await agentMetric('acked')) > acked + 3)
    for (const url of urls) {
      const incidents = (await incidentsOf(url)).filter((each) => each.kind === 'chain')
      t.equal(incidents.length, 1, 'one incident, not one a poll')
    }
    await proxy.mend()
    t.ok((await later(before)) > before, 'rounds go on by themselves')
    await allHealthy()
    t.match(logOf(0), 'rounds go on')
  })

  t.test('transmitters without money: said, and resumed when they are funded', async (t) => {
    for (const address of feed.transmitters) await chain.fund(address, 0n)
    await waitFor('every node to say so', async () => {
      const all = await Promise.all(urls.map(incidentsOf))
      return all.every((list) => list.some((each) => each.text.startsWith('ORACLE_TRANSMITTER_EMPTY')))
    })
    t.ok([0, 1, 2].every((i) => logOf(i).includes('ORACLE_TRANSMITTER_EMPTY')))
    t.ok(
      [0, 1, 2].every((i) => logOf(i).includes(feed.transmitters[i] as string)),
      'with the account',
    )
    const before = await newestPosted()
    const { rounds } = (await (await fetch(`${first}/api/v1/rounds`)).json()) as { rounds: RoundSummary[] }
    const agreed = Math.max(...rounds.map((each) => each.round))
    await waitFor('one more round to be agreed', async () => {
      const now = (await (await fetch(`${first}/api/v1/rounds`)).json()) as { rounds: RoundSummary[] }
      return now.rounds.some((each) => each.round > agreed && each.state === 'agreed')
    })
    t.equal(await newestPosted(), before, 'nothing is posted meanwhile')
    for (const address of feed.transmitters) await chain.fund(address, 10n ** 20n)
    t.ok((await later(before)) > before, 'posted again')
  })

  t.test('the broker is lost and comes back: said, spooled, delivered', async (t) => {
    const before = await newestPosted()
    await feed.broker.kill()
    const told = await waitFor('every node to say so', async () => {
      const all = await health()
      return all.every((each) => each.status === 503) && all
    })
    t.ok(told.every(({ body }) => body.problems.some((text) => text.includes('broker'))))
    await waitFor('the spool to grow', async () => (await agentMetric('spooled')) > 3)
    await feed.broker.start()
    await allHealthy()
    await waitFor('the spool to drain', async () => (await agentMetric('spooled')) <= 2)
    await later(before + 1)
    const [produced, acked, spooled, dropped] = await Promise.all(
      ['produced', 'acked', 'spooled', 'dropped'].map(agentMetric),
    )
    t.equal(dropped, 0, `of ${produced} entries none was dropped (${acked} acked, ${spooled} spooled)`)
    const { rounds } = (await (await fetch(`${first}/api/v1/rounds`)).json()) as { rounds: RoundSummary[] }
    t.equal(rounds.find((each) => each.state === 'posted')?.leafCount, feed.devices)
  })

  t.test('nothing ended by itself', async (t) => {
    for (const part of [feed.broker, feed.agent, ...feed.nodes]) {
      t.doesNotThrow(() => process.kill(part.pid() as number, 0), part.name)
    }
  })
})
