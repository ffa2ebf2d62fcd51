import t from 'tap'
import { fromHex, sameBytes, toHex } from '#protocol/bytes'
import type { AssetsView, AssetView } from '#protocol/http/assetView'
import type { Incident, RoundSummary } from '#protocol/http/roundView'
import { encodeCbor } from '#protocol/wire/cbor'
import { valueCell } from '#protocol/wire/cell'
import { type Entry, parseEntry } from '#protocol/wire/entry'
import { MAX_ENTRY_BYTES } from '#protocol/wire/limits'
import { metricByName } from '#protocol/wire/metrics'
import { encodeSegment, type Segment } from '#protocol/wire/segment'
import { upTopic } from '#protocol/wire/topics'
import type { RejectReason } from '../../oracle/ingest/rejectReasons.ts'
import { anvilBinary } from '../../oracle/registry/anvil.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { enrolmentOf } from '../helpers/enrolLog.ts'
import { startTraffic } from '../helpers/feedTraffic.ts'
import { startLocalFeed } from '../helpers/localFeed.ts'
import { healthySegment } from '../helpers/roundWorld.ts'
import { createSignedLog, primitives, signUnchecked } from '../helpers/signedLog.ts'

const noAnvil = anvilBinary() ? false : 'anvil is not installed (npm install, optional packages)'
if (noAnvil && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(noAnvil)
t.setTimeout(120_000)

const AHEAD = 2
const AHEAD_MS = 600_000

/** A segment that would make its device Critical, if it counted. */
function brokenSegment(assetId: string): Segment {
  const healthy = healthySegment(fromHex(assetId) as Uint8Array, 2)
  if (healthy.kind !== 'telemetry') throw new Error('no telemetry')
  const failing = metricByName('remappedRowsFailure').id
  return {
    ...healthy,
    columns: healthy.columns.map((column) =>
      column.metric === failing ? { ...column, cells: column.cells.map(() => valueCell(1)) } : column,
    ),
  }
}

t.test('messages that break a rule are counted, kept and change no score', { skip: noAnvil }, async (t) => {
  const feed = await startLocalFeed({
    epochLengthS: 2,
    seams: { [AHEAD]: { adapt: (context) => ({ ...context, now: () => Date.now() + AHEAD_MS }) } },
  })
  t.teardown(() => feed.stop())
  const traffic = await startTraffic(feed)
  t.teardown(() => traffic.stop())
  const { log, topic, assetIds } = traffic
  const feedHex = toHex(feed.roster.feedId)
  const get = async <T>(path: string, node = 0): Promise<T> =>
    (await (await fetch(`${feed.urls[node]}${path}`)).json()) as T
  const rejected = (reason: RejectReason): number[] =>
    feed.nodes.map((node) => node.parts().ingest.counters().rejected[reason])
  /** Publishes and waits until every node has counted it under `reason`; a node keeps it as it came. */
  async function refusedAs(reason: RejectReason, bytes: Uint8Array, under = topic): Promise<void> {
    const before = rejected(reason)
    await traffic.publish(bytes, under)
    await waitFor(`${reason} at every node`, async () =>
      rejected(reason).every((count, i) => count === (before[i] as number) + 1),
    )
    await waitFor(`${reason} in every quarantine`, async () =>
      feed.nodes.every((node) =>
        node
          .parts()
          .archive.quarantined(50)
          .some(
            (item) => item.reason === reason && sameBytes(item.bytes, bytes.subarray(0, item.bytes.length)),
          ),
      ),
    )
  }
  /** The newest entry of the agent that node 0 holds. */
  function lastEntry(): Entry {
    const archive = feed.nodes[0]?.parts().archive
    const head = archive?.head(log.agentId)
    const row = head && archive?.entryByHash(head.hash)
    if (!row) throw new Error('no entry yet')
    return parseEntry(row.bytes, primitives)
  }
  /** What was found against each asset's hardware and identity. */
  async function findings(): Promise<string[]> {
    const { assets } = await get<AssetsView>('/api/v1/assets')
    // Not the score itself: on a busy machine the honest agent's own traffic comes late and costs it presence.
    const against = (asset: AssetView): string[] =>
      asset.reasons.map((reason) => reason.name).filter((name) => /^[HI]/.test(name))
    return assets.map((asset) => `${asset.assetId.slice(0, 8)} ${asset.level} ${against(asset).join(' ')}`)
  }
  async function laterRound(): Promise<RoundSummary> {
    const open = feed.nodes[0]?.parts().engine.newestEpoch()?.n ?? 0
    return waitFor(`a posted round after ${open}`, async () => {
      const { rounds } = await get<{ rounds: RoundSummary[] }>('/api/v1/rounds')
      return rounds.find((each) => each.state === 'posted' && each.round > open && each.leafCount === 2)
    })
  }

  await laterRound()
  const before = await findings()
  t.comment(before.join(', '))
  t.equal(before.length, 2)
  t.ok(before.every((line) => !line.includes('H01')))

  t.test('malformed and oversized', async (t) => {
    const whole = lastEntry().bytes
    await refusedAs('malformed', Buffer.from('no entry at all'))
    await refusedAs('malformed', whole.subarray(0, whole.length - 1))
    await refusedAs('malformed', encodeCbor([1, [2, 3]]))
    await refusedAs('malformed', new Uint8Array(0))
    await refusedAs('oversized', new Uint8Array(MAX_ENTRY_BYTES + 1))
    const kept = feed.nodes[0]
      ?.parts()
      .archive.quarantined(50)
      .find((item) => item.reason === 'oversized')
    t.equal(kept?.bytes.length, 4096, 'of an oversized one only the beginning is kept')
  })

  t.test('forged: another key, another topic, an agent that nobody knows, exchanged bodies', async (t) => {
    const other = createSignedLog()
    const at = { ...log.at }
    const forged = await other.next(
      { agentId: log.agentId, kid: log.agentId, boot: at.boot, seq: at.seq + 1000, prev: at.prev },
      assetIds.map(brokenSegment),
    )
    await refusedAs('bad_signature', forged.bytes)
    const own = lastEntry().bytes
    await refusedAs('topic_mismatch', own, upTopic(feedHex, other.agentHex, 'batch'))
    const stranger = await createSignedLog().next({}, assetIds.map(brokenSegment))
    await refusedAs(
      'unknown_agent',
      stranger.bytes,
      upTopic(feedHex, toHex(stranger.header.agentId), 'batch'),
    )
    const { header } = lastEntry()
    const exchanged = await signUnchecked(
      { ...header, seq: header.seq + 1000 },
      assetIds.map((id) => encodeSegment(brokenSegment(id))),
      log.signer,
    )
    await refusedAs('bad_body', exchanged)
    t.pass('each counted under its reason at every node')
  })

  t.test('another enrolled agent speaks of devices that are not bound to it', async (t) => {
    const other = createSignedLog()
    const { cose } = await enrolmentOf(other, feed.roster.feedId, 1)
    for (const url of feed.urls)
      await fetch(`${url}/enrol`, {
        method: 'POST',
        body: cose,
        headers: { 'content-type': 'application/cbor' },
      })
    const epoch = feed.nodes[0]?.parts().engine.newestEpoch()
    const quoted = epoch ? { n: epoch.n, id: Buffer.from(epoch.epochId.slice(2), 'hex') } : null
    const entry = await other.next(
      { epoch: quoted, t0: Date.now() - 500, times: [0, 250] },
      assetIds.map(brokenSegment),
    )
    await traffic.publish(entry.bytes, upTopic(feedHex, other.agentHex, 'batch'))
    // As an agent does: again until it is acked, for a node may just be connecting anew.
    await waitFor(
      'it in every archive',
      async () => {
        if (feed.nodes.every((node) => node.parts().archive.head(other.agentId) !== undefined)) return true
        await traffic.publish(entry.bytes, upTopic(feedHex, other.agentHex, 'batch'))
        return false
      },
      60_000,
      1000,
    )
    await laterRound()
    t.same(await findings(), before, 'archived and acked, and without effect')
    const { assets } = await get<AssetsView>('/api/v1/assets')
    t.ok(
      assets.every((asset) => asset.latest?.metrics.remappedRowsFailure?.value === 0),
      'nor are its readings shown as theirs',
    )
  })

  t.test('replayed and reordered', async (t) => {
    const old = lastEntry().bytes
    const duplicates = feed.nodes.map((node) => node.parts().ingest.counters().duplicates)
    for (let i = 0; i < 5; i++) await traffic.publish(old)
    await waitFor('five duplicates everywhere', async () =>
      feed.nodes.every(
        (node, i) => node.parts().ingest.counters().duplicates >= (duplicates[i] as number) + 5,
      ),
    )
    const newest = await traffic.exclusive(async () => {
      const entries = [await traffic.sign(), await traffic.sign(), await traffic.sign()] as const
      for (const i of [2, 0, 1] as const) await traffic.publish(entries[i].bytes)
      return entries[2]
    })
    await waitFor('the whole chain at every node', async () =>
      feed.nodes.every((node) => {
        const head = node.parts().archive.head(log.agentId)
        return head !== undefined && head.seq >= newest.header.seq
      }),
    )
    t.ok(
      feed.nodes.every((node) => node.parts().archive.entryByHash(newest.hash) !== undefined),
      'nothing of it was lost',
    )
    t.equal(feed.nodes[0]?.parts().archive.forks().length, 0)
  })

  t.test('the scores are what they were; nodes, broker and rounds go on', async (t) => {
    const round = await laterRound()
    t.equal(round.signers.length >= 2, true)
    t.same(await findings(), before)
    for (const url of feed.urls) t.equal((await fetch(`${url}/healthz`)).status, 200)
    const { incidents } = await get<{ incidents: Incident[] }>('/api/v1/incidents')
    const told = incidents.filter((each) => each.kind === 'rejected')
    for (const reason of [
      'malformed',
      'oversized',
      'bad_signature',
      'topic_mismatch',
      'unknown_agent',
      'bad_body',
    ])
      t.equal(told.filter((each) => each.text.includes(`${reason}:`)).length, 1, `${reason}: one incident`)
    const metrics = await (await fetch(`${feed.urls[0]}/metrics`)).text()
    t.match(metrics, 'assay_oracle_ingest_rejected_total{reason="malformed"} 4')
  })

  t.test(
    'a node whose clock is ten minutes ahead says so once, and signs what the others sign',
    async (t) => {
      const { incidents } = await get<{ incidents: Incident[] }>('/api/v1/incidents', AHEAD)
      const skew = incidents.filter((each) => each.kind === 'clock-skew')
      t.equal(skew.length, 1)
      t.equal(skew[0]?.nodeId, toHex(feed.roster.nodes[AHEAD]?.nodeId as Uint8Array))
      t.match(skew[0]?.text, /(59|60)\d s off chain time/)
      const others = (await get<{ incidents: Incident[] }>('/api/v1/incidents')).incidents
      t.notOk(others.some((each) => each.kind === 'clock-skew' || each.kind === 'dissent'))
      const { rounds } = await get<{ rounds: RoundSummary[] }>('/api/v1/rounds')
      const ahead = toHex(feed.roster.nodes[AHEAD]?.nodeId as Uint8Array)
      t.ok(rounds.some((each) => each.state === 'posted' && each.signers.includes(ahead)))
    },
  )

  t.test('the same reading from the agent that the device is bound to does count', async (t) => {
    const epoch = feed.nodes[0]?.parts().engine.newestEpoch()
    const quoted = epoch ? { n: epoch.n, id: Buffer.from(epoch.epochId.slice(2), 'hex') } : null
    await traffic.exclusive(async () => {
      const entry = await log.next(
        { epoch: quoted, t0: Date.now() - 500, times: [0, 250] },
        assetIds.map(brokenSegment),
      )
      await traffic.publish(entry.bytes)
    })
    await waitFor('Critical', async () => (await findings()).every((line) => line.includes('H01')))
    t.pass('so the readings above could have changed the scores')
  })
})
