import { join } from 'node:path'
import type { Test } from 'tap'
import type { Incident, RoundSummary } from '#protocol/http/roundView'
import { parseEntry } from '#protocol/wire/entry'
import { comparePositions } from '#protocol/wire/header'
import { createSqliteArchive } from '../../oracle/archive/sqliteArchive.ts'
import { metricSum } from '../../oracle/up/upSummary.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { seededRandom } from '../fixtures/corpus.ts'
import { startProcessFeed } from './processFeed.ts'
import { primitives } from './signedLog.ts'

/**
 * Kills broker, agent and one node `kills` times each with SIGKILL at seeded random moments under load, then proves:
 * every entry that reached the agent's disk is held by every node, once, on one unbroken chain; the conservation law;
 * samples lost in memory show as gaps between boots; the killed node signs again.
 */
export async function killRun(t: Test, kills: number): Promise<void> {
  const seed = process.env.ASSAY_SEED ?? String(Date.now())
  t.comment(`ASSAY_SEED=${seed}`)
  const random = seededRandom(seed)
  const feed = await startProcessFeed({
    agentExtra: {
      'source.samplePeriod': '200ms',
      'source.batchPeriod': '200ms',
      'mqtt.resendAfter': '1s',
      'mqtt.reconnectMax': '1s',
    },
  })
  t.teardown(() => feed.stop())
  const victims = [feed.broker, feed.agent, feed.nodes[2] as (typeof feed.nodes)[number]]
  const plan = victims.flatMap((part) => Array.from({ length: kills }, () => part))
  for (let i = plan.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[plan[i], plan[j]] = [plan[j] as (typeof plan)[number], plan[i] as (typeof plan)[number]]
  }
  for (const part of plan) {
    const alive = 200 + Math.floor(random() * 1500)
    const dead = Math.floor(random() * 800)
    await pause(alive)
    await part.kill()
    await pause(dead)
    await part.start()
  }
  t.pass(`${plan.length} kills: ${victims.map((part) => part.name).join(', ')}, ${kills} each`)

  const text = async (): Promise<string> => (await fetch(feed.metrics)).text()
  const names = ['produced', 'acked', 'spooled', 'dropped'].map((name) => `assay_agent_entries_${name}`)
  await waitFor(
    'the spool to drain',
    async () => {
      const now = await text()
      return (
        metricSum(now, 'assay_agent_entries_produced') > 0 &&
        metricSum(now, 'assay_agent_entries_spooled') <= 3
      )
    },
    60_000,
  )
  const [produced = 0, acked = 0, spooled = 0, dropped = 0] = await text().then((now) =>
    names.map((name) => metricSum(now, name)),
  )
  t.equal(
    produced,
    acked + spooled + dropped,
    `produced ${produced} = acked ${acked} + spooled ${spooled} + dropped ${dropped}`,
  )
  t.equal(dropped, 0, 'nothing was dropped')

  const third = feed.roster.nodes[2]?.url
  const killed = Buffer.from(feed.roster.nodes[2]?.nodeId as Uint8Array).toString('hex')
  await waitFor(
    'the killed node to sign again',
    async () => {
      const { rounds } = (await (await fetch(`${third}/api/v1/rounds`)).json()) as { rounds: RoundSummary[] }
      return rounds.slice(0, 5).some((round) => round.state === 'posted' && round.signers.includes(killed))
    },
    60_000,
  )
  t.pass('the killed node back-filled and signs again')

  const { incidents } = (await (await fetch(`${feed.roster.nodes[0]?.url}/api/v1/incidents`)).json()) as {
    incidents: Incident[]
  }
  const counted = incidents.filter(
    (incident) => incident.kind === 'gap' && /started again/.test(incident.text),
  )
  t.equal(counted.length, kills, `each kill of the agent shows as a counted gap: ${counted[0]?.text}`)

  await feed.agent.stop()
  const heads = async () =>
    Promise.all(
      feed.roster.nodes
        .map(
          async (node) =>
            ((await (await fetch(`${node.url}/agents`)).json()) as { agents: { agentId: string }[] })
              .agents[0]?.agentId,
        )
        .map(async (agent, i) => {
          const url = feed.roster.nodes[i]?.url
          return ((await (await fetch(`${url}/agents/${await agent}/head`)).json()) as { hash: string }).hash
        }),
    )
  await waitFor('all nodes to hold the same head', async () => new Set(await heads()).size === 1, 60_000)
  for (const part of feed.nodes) await part.stop()
  const logs = feed.nodes.map((_, i) => readLog(join(feed.dir, `node-${i}`, 'archive.sqlite')))
  for (const [i, log] of logs.entries()) {
    t.equal(
      new Set(log.map((row) => `${row.boot}/${row.seq}`)).size,
      log.length,
      `node ${i}: ${log.length} entries, none twice`,
    )
    t.ok(
      log.every((row, at) => at === 0 || row.prev === log[at - 1]?.hash),
      `node ${i}: one unbroken chain from the first entry to the head`,
    )
  }
  t.comment(`entries per node: ${logs.map((log) => log.length).join(', ')}`)
  t.ok(
    logs.every((log) => log.length >= acked && log.length + spooled >= produced),
    `every node holds the ${acked} acked entries; of ${produced} on the agent's disk at most ${spooled} were still to be sent`,
  )
  const boots = new Set(logs[0]?.map((row) => row.boot))
  t.ok(boots.size >= kills + 1, `${boots.size} boots of the agent are told apart`)
  const last = logs[0]?.at(-1)
  t.equal(last?.produced, (logs[0]?.length ?? 0) - 1, 'the last header counts every entry before it')
}

type Row = { boot: number; seq: number; hash: string; prev: string; produced: number }

function readLog(file: string): Row[] {
  const archive = createSqliteArchive({ file })
  archive.start()
  const rows = [...archive.iterate()].map((row) => {
    const entry = parseEntry(row.bytes, primitives)
    return {
      boot: row.boot,
      seq: row.seq,
      hash: hex(row.hash),
      prev: hex(row.prev),
      produced: entry.header.counters.produced,
    }
  })
  archive.stop()
  return rows.sort(comparePositions)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
