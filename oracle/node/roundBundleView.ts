import { fromHex, toHex0x } from '#protocol/bytes'
import { readRoundFrame } from '#protocol/score/roundFrame'
import { decodeRoundState, headOf } from '#protocol/score/roundState'
import { encodeFile } from '#protocol/wire/file'
import { packQuorum } from '#protocol/wire/quorum'
import { encodeRoster } from '#protocol/wire/roster'
import { encodeRoundBundle } from '#protocol/wire/roundBundle'
import type { NodeParts } from './parts.ts'
import { postedRound } from './postedRound.ts'

/**
 * A posted round with everything that it follows from, as an `.assay` file that anyone computes again offline;
 * undefined when this node did not compute it itself.
 */
export function roundBundleFile(parts: NodeParts, n: number | 'latest'): Uint8Array | undefined {
  const posted = postedRound(parts, n)
  const report = posted?.record.report
  if (!posted || !report) return undefined
  const round = posted.record.n
  const frameText = parts.rounds.get(round, 'frame', posted.digest)
  const proposal = parts.rounds.get(round, 'proposal', posted.digest)
  if (!frameText || !proposal) return undefined
  const frame = readRoundFrame(new TextDecoder().decode(frameText))
  const { parent } = frame.view
  const parentState = parent ? (parts.rounds.get(parent.round, 'state', parent.digest) ?? null) : null
  if (parent && !parentState) return undefined
  const before = parentState && decodeRoundState(parentState)
  const lists = posted.record.named.map((named) => parts.rounds.get(round, 'named', `0x${named.ackListHash}`))
  const logs = posted.state.heads.map((head) => {
    const agentId = toHex0x(head.logId)
    const agent = parts.archive.agent(head.logId)
    const { entries } = parts.archive.entriesBetween(head.logId, before && headOf(before, agentId), head)
    return agent && { agentKey: agent.publicKey, entries: entries.map((row) => row.bytes) }
  })
  if (lists.some((list) => !list) || logs.some((log) => !log)) return undefined
  const signatures = posted.record.signatures.slice(0, parts.roster.threshold)
  const body = encodeRoundBundle({
    roster: encodeRoster(parts.roster),
    profile: frame.params.profile,
    view: frame.view,
    epochs: frame.epochs,
    ackLists: lists as Uint8Array[],
    proposal,
    parentState,
    logs: logs as NonNullable<(typeof logs)[number]>[],
    report,
    quorum: packQuorum(
      new Map(
        signatures.map(({ nodeId, signature }) => [
          parts.roster.nodes.findIndex((node) => toHex0x(node.nodeId) === nodeId),
          fromHex(signature) as Uint8Array,
        ]),
      ),
    ),
  })
  return encodeFile('round', body, parts.primitives.sha256)
}
