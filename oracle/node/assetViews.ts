import { fromHex } from '#protocol/bytes'
import type { AssetView } from '#protocol/http/assetView'
import { REASONS, reasonByWire } from '#protocol/score/reasons'
import { statusName } from '#protocol/score/statuses'
import type { ChainToken } from '#protocol/wire/chainView'
import type { Leaf } from '#protocol/wire/leaf'
import { unpackReasons, unpackTriggers } from '#protocol/wire/leafFields'
import { devicesOf } from '../ingest/enrol.ts'
import { readScores } from '../rounds/scoreRows.ts'
import type { NodeParts } from './parts.ts'
import { type PostedRound, postedRound } from './postedRound.ts'

const NEVER_SCORED = {
  reasons: [],
  triggers: [0, 0, 0, 0, 0, 0, 0, 0],
  observedAt: 0,
  confidenceBp: 0,
} as const

/** Every live token with the leaf of the newest posted round and its newest reading, ascending by token. */
export function assetViews(parts: NodeParts): AssetView[] {
  const posted = postedRound(parts, 'latest')
  return (parts.engine.view()?.tokens ?? []).map((token) => assetViewOf(parts, token, posted))
}

/** One asset by its id (hex without 0x), or undefined when no live token has it. */
export function assetView(parts: NodeParts, assetId: string): AssetView | undefined {
  const token = parts.engine.view()?.tokens.find((each) => each.assetId === `0x${assetId}`)
  return token && assetViewOf(parts, token, postedRound(parts, 'latest'))
}

function assetViewOf(parts: NodeParts, token: ChainToken, posted: PostedRound | undefined): AssetView {
  const assetId = token.assetId.slice(2)
  const leaf = posted?.state.assets.find((asset) => asset.leaf.tokenId === token.tokenId)?.leaf
  const latest = parts.latest.asset(assetId)
  return {
    assetId,
    tokenId: String(token.tokenId),
    generation: token.generation,
    agentId: token.agentId.slice(2),
    model: modelOf(parts, token),
    round: leaf ? leaf.epoch : null,
    level: leaf?.level ?? token.level,
    recoverableValueCents: String(leaf?.recoverableValueCents ?? 0n),
    notMeasured: leaf && posted ? notMeasured(parts, posted, token) : [],
    latest: latest
      ? {
          at: latest.atMs,
          headerHash: latest.headerHash,
          boot: latest.boot,
          seq: latest.seq,
          signature: 'verified by this node',
          metrics: latest.metrics,
        }
      : null,
    events: parts.latest
      .events(assetId)
      .slice(0, 20)
      .map(({ name, atMs, detail, headerHash }) => ({ name, at: atMs, detail, headerHash })),
    ...leafView(leaf),
  }
}

function leafView(leaf: Leaf | undefined) {
  if (!leaf) return { status: { code: 0, name: statusName(0) }, scoreBp: null, ...NEVER_SCORED }
  return {
    status: { code: leaf.status, name: statusName(leaf.status) },
    scoreBp: leaf.scoreBp,
    confidenceBp: leaf.confidenceBp,
    reasons: unpackReasons(leaf.reasons).map((code) => {
      const name = reasonByWire(code)
      return {
        code,
        name: name ?? String(code),
        text: name ? REASONS[name].text : 'reason of a newer methodology',
        remedy: name ? REASONS[name].remedy : 'Update this node.',
      }
    }),
    triggers: unpackTriggers(leaf.triggers),
    observedAt: leaf.observedAt,
  }
}

function notMeasured(parts: NodeParts, posted: PostedRound, token: ChainToken): readonly string[] {
  const bytes = parts.rounds.get(posted.record.n, 'scores', posted.digest)
  return bytes ? (readScores(bytes)[token.assetId]?.score.notMeasured ?? []) : []
}

function modelOf(parts: NodeParts, token: ChainToken): string {
  const agent = parts.archive.agent(fromHex(token.agentId) as Uint8Array)
  const device =
    agent &&
    devicesOf(agent).find((each) => Buffer.from(each.assetId).toString('hex') === token.assetId.slice(2))
  return device?.model ?? 'not enrolled at this node'
}
