import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { toHex, toHex0x } from '#protocol/bytes'
import type { AssetsView } from '#protocol/http/assetView'
import type { Incident, RoundSummary, RoundView } from '#protocol/http/roundView'
import { noblePrimitives } from '#protocol/noblePrimitives'
import { computeRound, type RoundInput, type RoundResult } from '#protocol/score/round'
import { verifyFile } from '#protocol/verify/verifyFile'
import { leafHash } from '#protocol/wire/leaf'
import { merkleTree } from '#protocol/wire/merkle'
import { type Report, reportDigest } from '#protocol/wire/report'
import { anvilBinary } from '../../oracle/registry/anvil.ts'
import { packageRoot } from '../../oracle/up/packageRoot.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { chromiumPath, startBrowser } from '../dashboards/browser.ts'
import { type FeedTraffic, startTraffic } from '../helpers/feedTraffic.ts'
import { type LocalFeed, startLocalFeed } from '../helpers/localFeed.ts'

const noAnvil = anvilBinary() ? false : 'anvil is not installed (npm install, optional packages)'
if (noAnvil && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(noAnvil)
const chromium = chromiumPath()
const webRoot = join(packageRoot(), 'dist', 'dashboards', 'web')
t.setTimeout(120_000)

const LIAR = 1
type Lie = (honest: RoundResult, input: RoundInput) => RoundResult

const signedAs = (honest: RoundResult, input: RoundInput, change: Partial<Report>): RoundResult => {
  const report = { ...honest.report, ...change }
  const domain = { chainId: input.view.chainId, verifyingContract: input.view.healthOracle }
  return { ...honest, report, digest: toHex0x(reportDigest(domain, report)) }
}

/** One basis point more for the first asset, with a root and a state that fit it. */
const scorePlusOne: Lie = (honest, input) => {
  const leaves = honest.leaves.map((leaf, i) => (i === 0 ? { ...leaf, scoreBp: leaf.scoreBp + 1 } : leaf))
  if (leaves.length === 0) return honest
  const assets = honest.state.assets.map((asset, i) => ({ ...asset, leaf: leaves[i] ?? asset.leaf }))
  const root = toHex0x(merkleTree(leaves.map(leafHash)).root)
  return { ...signedAs(honest, input, { root }), leaves, state: { ...honest.state, assets } }
}

const wrongRoot: Lie = (honest, input) => signedAs(honest, input, { root: `0x${'34'.repeat(32)}` })

t.test('two honest nodes of three carry the feed, whatever the third signs', { skip: noAnvil }, async (t) => {
  let lie: Lie = (honest) => honest
  const feed: LocalFeed = await startLocalFeed({
    webRoot,
    epochLengthS: 2,
    seams: { [LIAR]: { compute: (input, primitives) => lie(computeRound(input, primitives), input) } },
  })
  t.teardown(() => feed.stop())
  const traffic: FeedTraffic = await startTraffic(feed)
  t.teardown(() => traffic.stop())
  const liar = toHex(feed.roster.nodes[LIAR]?.nodeId as Uint8Array)
  const get = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${feed.urls[0]}${path}`)).json()) as T

  /** Waits for `count` rounds over every asset that were opened after this moment. */
  async function laterRounds(count: number): Promise<RoundSummary[]> {
    const open = feed.nodes[0]?.parts().engine.newestEpoch()?.n ?? 0
    return waitFor(`${count} rounds after ${open}`, async () => {
      const { rounds } = await get<{ rounds: RoundSummary[] }>('/api/v1/rounds')
      const posted = rounds.filter(
        (each) => each.state === 'posted' && each.round > open && each.leafCount === traffic.assetIds.length,
      )
      return posted.length >= count && posted
    })
  }

  async function named(kind: string): Promise<Incident> {
    return waitFor(`${kind} in the incidents`, async () => {
      const { incidents } = await get<{ incidents: Incident[] }>('/api/v1/incidents')
      return incidents.find((each) => each.kind === kind && each.nodeId === liar)
    })
  }

  t.test('all honest: three signatures, no incident', async (t) => {
    const rounds = await laterRounds(2)
    t.ok(
      rounds.some((round) => round.signers.includes(liar)),
      'the third signs with the others',
    )
    const { incidents } = await get<{ incidents: Incident[] }>('/api/v1/incidents')
    t.same(
      incidents.filter((each) => each.kind === 'dissent'),
      [],
    )
  })

  t.test('score + 1', async (t) => {
    lie = scorePlusOne
    const rounds = await laterRounds(2)
    t.ok(
      rounds.every((round) => round.signers.length === 2 && !round.signers.includes(liar)),
      'posted with the two honest signatures',
    )
    const incident = await named('dissent')
    t.match(incident.text, /token 1: scoreBp is \d+ here and \d+ there/)
    const [, here, there] = /scoreBp is (\d+) here and (\d+) there/.exec(incident.text) ?? []
    t.equal(Number(there), Number(here) + 1)
    t.ok(
      feed.log.some((line) => line.startsWith('warn') && line.includes('dissent') && line.includes(liar)),
      'and the log names it',
    )
    const told = await waitFor('a round with its dissent', async () => {
      const { rounds: all } = await get<{ rounds: RoundSummary[] }>('/api/v1/rounds')
      const round = all.find((each) => each.state === 'posted' && each.dissents > 0)
      return round && get<RoundView>(`/api/v1/rounds/${round.round}`)
    })
    t.ok(
      told.dissentTexts.some((dissent) => dissent.text.includes(liar)),
      'the round carries the signed dissent',
    )
    const newest = await get<RoundView>(`/api/v1/rounds/${rounds[0]?.round}`)
    const bundle = await fetch(`${feed.urls[0]}/api/v1/rounds/${newest.round}/bundle`)
    const verdict = verifyFile(new Uint8Array(await bundle.arrayBuffer()), noblePrimitives, {})
    t.ok(verdict.ok, 'what was posted is what follows from the bundle')
  })

  t.test('a wrong root over the right leaves', async (t) => {
    lie = wrongRoot
    const rounds = await laterRounds(2)
    t.ok(rounds.every((round) => round.signers.length === 2 && !round.signers.includes(liar)))
    t.notOk(rounds.some((round) => round.root === `0x${'34'.repeat(32)}`))
    await waitFor('its dissent', async () => {
      const { incidents } = await get<{ incidents: Incident[] }>('/api/v1/incidents')
      return incidents.some(
        (each) =>
          each.kind === 'dissent' &&
          each.nodeId === liar &&
          each.text.includes('another report field differs'),
      )
    })
    t.pass('named, although the leaves agree')
  })

  t.test('honest again: it signs with the others again', async (t) => {
    lie = (honest) => honest
    await waitFor('its signature', async () => {
      const { rounds } = await get<{ rounds: RoundSummary[] }>('/api/v1/rounds')
      return rounds.slice(0, 2).some((round) => round.state === 'posted' && round.signers.includes(liar))
    })
    t.pass('without a restart')
  })

  t.test('an agent that forks its chain: Tampered on chain, the incident names it', async (t) => {
    await traffic.exclusive(async () => {
      const at = { ...traffic.log.at }
      const first = await traffic.sign()
      traffic.log.at = at
      const second = await traffic.sign()
      await traffic.publish(first.bytes)
      await traffic.publish(second.bytes)
    })
    await waitFor('Tampered', async () => {
      const { assets } = await get<AssetsView>('/api/v1/assets')
      return assets.length > 0 && assets.every((asset) => asset.status.name === 'Tampered')
    })
    const { incidents } = await get<{ incidents: Incident[] }>('/api/v1/incidents')
    t.ok(incidents.some((each) => each.kind === 'fork' && each.agentId === traffic.log.agentHex))
    const rounds = await laterRounds(1)
    t.ok((rounds[0]?.signers.length ?? 0) >= 2, 'rounds go on')
  })

  const noPage = chromium
    ? existsSync(join(webRoot, 'index.html'))
      ? false
      : 'the page is not built (npm run build)'
    : 'no Chromium: set CHROMIUM_PATH or put chromium on PATH'
  if (noPage && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(noPage)
  t.test('the page names the liar and the fork', { skip: noPage }, async (t) => {
    const browser = await startBrowser(chromium as string)
    t.teardown(() => browser.close())
    const page = await browser.newPage()
    await page.goto(`${feed.urls[0]}/#/rounds`)
    for (const [kind, who] of [
      ['dissent', liar],
      ['fork', traffic.log.agentHex],
    ] as const) {
      const item = page.locator(`[data-incident="${kind}"]`).first()
      await item.waitFor({ timeout: 20_000 })
      const html = await item.innerHTML()
      t.ok(html.includes(who), `${kind}: ${who.slice(0, 12)}…`)
    }
    await page.getByText('✖ dissent').first().waitFor({ timeout: 20_000 })
    t.pass('the round list marks the rounds with a dissent')
  })
})
