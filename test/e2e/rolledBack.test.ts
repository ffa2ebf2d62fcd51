import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { toHex } from '#protocol/bytes'
import type { AssetsView } from '#protocol/http/assetView'
import type { Incident, RoundSummary } from '#protocol/http/roundView'
import { type Entry, entrySegments, parseEntry } from '#protocol/wire/entry'
import { eventNameById } from '#protocol/wire/eventCodes'
import { comparePositions } from '#protocol/wire/header'
import { createSqliteArchive } from '../../oracle/archive/sqliteArchive.ts'
import { anvilBinary } from '../../oracle/registry/anvil.ts'
import { metricSum } from '../../oracle/up/upSummary.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { startProcessFeed } from '../helpers/processFeed.ts'
import { primitives } from '../helpers/signedLog.ts'

const noAnvil = anvilBinary() ? false : 'anvil is not installed (npm install, optional packages)'
if (noAnvil && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(noAnvil)
t.setTimeout(120_000)

type Head = { readonly boot: number; readonly seq: number; readonly hash: string }

t.test(
  'an agent restored from a backup: rolled_back, no fork, not Tampered',
  { skip: noAnvil },
  async (t) => {
    const feed = await startProcessFeed({ epochS: 2 })
    t.teardown(() => feed.stop())
    const [first] = feed.roster.nodes.map((node) => node.url)
    const get = async <T>(path: string): Promise<T> => (await (await fetch(`${first}${path}`)).json()) as T
    const headAt = async (): Promise<Head> => get<Head>(`/agents/${feed.agentId}/head`)
    const laterRound = async (): Promise<RoundSummary> => {
      const { rounds: now } = await get<{ rounds: RoundSummary[] }>('/api/v1/rounds')
      const seen = now[0]?.round ?? 0
      return waitFor(`a full round after ${seen}`, async () => {
        const { rounds } = await get<{ rounds: RoundSummary[] }>('/api/v1/rounds')
        return rounds.find(
          (each) => each.state === 'posted' && each.round > seen && each.leafCount === feed.devices,
        )
      })
    }
    const statuses = async (): Promise<string[]> => [
      ...new Set((await get<AssetsView>('/api/v1/assets')).assets.map((asset) => asset.status.name)),
    ]

    await laterRound()
    const state = join(feed.dir, 'agent')
    const backup = join(feed.dir, 'backup')
    await feed.agent.stop()
    cpSync(state, backup, { recursive: true })
    const saved = await headAt()
    await feed.agent.start()
    await laterRound()
    await waitFor('more of the log', async () => (await headAt()).seq > 5)
    await feed.agent.kill()
    rmSync(state, { recursive: true })
    cpSync(backup, state, { recursive: true })
    await feed.agent.start()
    const lost = await headAt()
    t.ok(
      comparePositions(lost, saved) > 0,
      `saved at ${saved.boot}/${saved.seq}, nodes at ${lost.boot}/${lost.seq}`,
    )
    const resumed = await waitFor('the log to go on', async () => {
      const head = await headAt()
      return head.boot > lost.boot && head.seq > 3 && head
    })
    t.ok(resumed.boot > lost.boot, `goes on in boot ${resumed.boot}`)
    const round = await laterRound()
    t.ok(round.signers.length >= 2, 'rounds go on')
    await laterRound()
    t.notOk(
      (await statuses()).some((name) => name === 'Tampered' || name === 'Unknown'),
      `status ${await statuses()}`,
    )
    const { incidents } = await get<{ incidents: Incident[] }>('/api/v1/incidents')
    t.same(
      incidents.filter((each) => each.kind === 'fork'),
      [],
      'no fork',
    )
    const metrics = await (await fetch(feed.metrics)).text()
    const count = (name: string): number => metricSum(metrics, `assay_agent_entries_${name}`)
    t.equal(
      count('produced'),
      count('acked') + count('spooled') + count('dropped'),
      'the conservation law holds',
    )
    await waitFor('everything to be acked', async () => {
      const now = await (await fetch(feed.metrics)).text()
      return metricSum(now, 'assay_agent_entries_spooled') <= 2
    })

    await feed.agent.stop()
    const end = await waitFor('one head at all nodes', async () => {
      const heads = await Promise.all(
        feed.roster.nodes.map(
          async ({ url }) =>
            ((await (await fetch(`${url}/agents/${feed.agentId}/head`)).json()) as Head).hash,
        ),
      )
      return new Set(heads).size === 1 && heads[0]
    })
    for (const node of feed.nodes) await node.stop()
    for (const index of feed.nodes.keys()) {
      const entries = readLog(join(feed.dir, `node-${index}`, 'archive.sqlite'))
      t.equal(toHex(entries.at(-1)?.hash as Uint8Array), end)
      t.equal(
        new Set(entries.map(({ header }) => `${header.boot}/${header.seq}`)).size,
        entries.length,
        `node ${index}: no position twice among ${entries.length} entries`,
      )
      t.ok(
        entries.every(
          ({ header }, i) => i === 0 || toHex(header.prev) === toHex(entries[i - 1]?.hash as Uint8Array),
        ),
        'one unbroken chain, over the restore as well',
      )
      const rolled = entries.flatMap((entry) =>
        entrySegments(entry).flatMap((segment) =>
          segment.kind === 'event' && eventNameById(segment.event) === 'rolled_back'
            ? [{ detail: segment.detail, boot: entry.header.boot }]
            : [],
        ),
      )
      t.equal(rolled.length, 1, 'rolled_back once')
      const [boot = 0, seq = 0] = rolled[0]?.detail ?? []
      t.ok(comparePositions({ boot, seq }, lost) >= 0, `it names what the nodes held: ${boot}/${seq}`)
      t.ok((rolled[0]?.boot ?? 0) > boot, 'in a later boot')
    }
  },
)

function readLog(file: string): Entry[] {
  const archive = createSqliteArchive({ file })
  archive.start()
  const entries = [...archive.iterate()].map((row) => parseEntry(row.bytes, primitives))
  archive.stop()
  return entries.sort((a, b) => comparePositions(a.header, b.header))
}
