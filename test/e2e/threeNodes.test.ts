import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import t from 'tap'
import { toHex } from '#protocol/bytes'
import type { AssetsView } from '#protocol/http/assetView'
import type { RoundSummary } from '#protocol/http/roundView'
import { noblePrimitives } from '#protocol/noblePrimitives'
import { verifyAssetProof } from '#protocol/verify/verifyAsset'
import { verifyFile } from '#protocol/verify/verifyFile'
import { upTopic } from '#protocol/wire/topics'
import type { EnrolledAgent } from '../../oracle/api/nodeView.ts'
import { explainCommand } from '../../oracle/cli/explain.ts'
import { exportCommand } from '../../oracle/cli/export.ts'
import { verifyCommand } from '../../oracle/cli/verify.ts'
import { admitAgent } from '../../oracle/up/registrar.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { enrolmentOf } from '../helpers/enrolLog.ts'
import { startLocalFeed } from '../helpers/localFeed.ts'
import { healthySegment } from '../helpers/roundWorld.ts'
import { createSignedLog } from '../helpers/signedLog.ts'

t.test('three real nodes over a broker and a chain: enrol, admit, score, agree, post, prove', async (t) => {
  const feed = await startLocalFeed()
  t.teardown(() => feed.stop())
  const urls = feed.roster.nodes.map((node) => node.url)
  const log = createSignedLog()
  const { cose, assetIds } = await enrolmentOf(log, feed.roster.feedId, 2)
  for (const url of urls) {
    const answer = await fetch(`${url}/enrol`, {
      method: 'POST',
      body: cose,
      headers: { 'content-type': 'application/cbor' },
    })
    t.same(await answer.json(), { agentId: log.agentHex, state: 'approved' })
  }
  const { agents } = (await (await fetch(`${urls[0]}/agents`)).json()) as { agents: EnrolledAgent[] }
  const minted = await admitAgent(agents[0] as EnrolledAgent, 1n, {
    provider: feed.provider,
    registrarKey: feed.deployer,
    registry: feed.deployment.registry,
    roster: feed.roster,
    owner: `0x${'11'.repeat(20)}`,
  })
  t.equal(minted.length, 2)

  const mqtt = await connectAsync(feed.brokerUrl)
  t.teardown(() => mqtt.endAsync(true))
  const topic = upTopic(toHex(feed.roster.feedId), log.agentHex, 'batch')
  const parts = feed.nodes[0]?.parts()
  let sending = true
  const sender = (async () => {
    while (sending) {
      const epochs = parts?.engine.newestEpoch()
      const epoch = epochs ? { n: epochs.n, id: Buffer.from(epochs.epochId.slice(2), 'hex') } : null
      const entry = await log.next(
        { epoch, t0: Date.now() - 500, times: [0, 250] },
        assetIds.map((id) => healthySegment(id, 2)),
      )
      await mqtt.publishAsync(topic, Buffer.from(entry.bytes), { qos: 1 })
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  })()
  t.teardown(async () => {
    sending = false
    await sender
  })

  const rounds = await waitFor(
    'three posted rounds over both assets',
    async () => {
      const { rounds } = (await (await fetch(`${urls[1]}/api/v1/rounds`)).json()) as {
        rounds: RoundSummary[]
      }
      const posted = rounds.filter((round) => round.state === 'posted' && round.leafCount === 2)
      return posted.length >= 3 && posted
    },
    60_000,
  ).catch((error) => {
    t.comment(feed.log.slice(-20).join('\n'))
    throw error
  })
  t.ok(
    rounds.every((round) => round.signers.length >= 2),
    'each with at least two signers',
  )
  const { assets } = (await (await fetch(`${urls[2]}/api/v1/assets`)).json()) as AssetsView
  t.equal(assets.length, 2)
  t.comment(JSON.stringify(assets[0], null, 1).slice(0, 1500))
  t.ok(
    assets.every((asset) => asset.status.name !== 'Unknown' && (asset.scoreBp ?? 0) > 0),
    `status ${assets[0]?.status.name}, score ${assets[0]?.scoreBp}`,
  )
  const proof = await (await fetch(`${urls[0]}/api/v1/assets/${assets[0]?.assetId}/proof`)).json()
  const verdict = verifyAssetProof(proof, { rosterFingerprint: null }, noblePrimitives)
  t.ok(verdict.ok, `the proof holds: ${JSON.stringify(verdict.firstFailure)}`)
  t.equal(
    verdict.steps.find((step) => step.name === 'admission')?.ok,
    true,
    'M report keys bound token, asset and agent',
  )
  const bundle = new Uint8Array(await (await fetch(`${urls[0]}/api/v1/rounds/latest/bundle`)).arrayBuffer())
  const recomputed = verifyFile(bundle, noblePrimitives, {})
  t.ok(
    recomputed.ok,
    `the exported round is computed again to the same digest: ${JSON.stringify(recomputed.firstFailing ?? '')}`,
  )
  t.equal(recomputed.checks.find((check) => check.check === 'recompute')?.ok, true)

  const said = t.capture(console, 'log', () => undefined)
  t.equal(await explainCommand({ asset: '1', node: urls[0] as string }), 0, 'assay explain: every step holds')
  const text = said()
    .map(({ args }) => args.join(' '))
    .join('\n')
  for (const part of ['token 1', 'signed by', 'ack list', 'entry ', 'transaction  0x', 'holds  quorum']) {
    t.ok(text.includes(part), `it names ${part.trim()}`)
  }
  const out = join(t.testdir(), 'round.assay')
  t.equal(await exportCommand({ out, node: urls[1] as string }), 0)
  t.equal(
    await verifyCommand({ files: [out], json: true, out: () => undefined }),
    0,
    'assay verify of the export',
  )
})
