import { sameBytes, toHex, toHex0x } from '../bytes.ts'
import type { Primitives } from '../primitives.ts'
import { CHS1 } from '../score/methodology.ts'
import { computeRound, roundHeads } from '../score/round.ts'
import { checkRoundState, decodeRoundState, headOf, type RoundState } from '../score/roundState.ts'
import type { AckList } from '../wire/ackList.ts'
import { ackListsHash } from '../wire/ackListsHash.ts'
import type { ChainView, Hex } from '../wire/chainView.ts'
import { parseSign1, payloadHash } from '../wire/cose.ts'
import { coseKeyThumbprint } from '../wire/coseKey.ts'
import type { Entry } from '../wire/entry.ts'
import { epochId } from '../wire/epochId.ts'
import { decodeProposal } from '../wire/proposal.ts'
import { type Report, reportDigest } from '../wire/report.ts'
import { type Roster, rosterFingerprint } from '../wire/roster.ts'
import { decodeRoundBundle, type RoundBundle } from '../wire/roundBundle.ts'
import { CheckFailure, type Finding, type RunCheck } from './fileChecks.ts'
import { short } from './verifyEntry.ts'
import { verifyLog } from './verifyLog.ts'
import { type FilePins, nodeSignature, parseNodeObject, proposer, readRoster } from './verifyNodeObject.ts'
import { quorumOf } from './verifyQuorumFile.ts'

/**
 * The checks of a round bundle: `body`, `roster`, `quorum`, `chainView`, `epochs`, `ackLists`, `proposal`,
 * `parentState`, then those of every log, `heads`, and `recompute`: the round computed again from what was checked has
 * the digest that was signed.
 */
export function verifyRoundFile(
  body: Uint8Array,
  run: RunCheck,
  primitives: Primitives,
  pins: FilePins,
): void {
  const bundle = run('body', () => {
    const value = decodeRoundBundle(body)
    return { value, detail: `round ${value.report.round}, ${value.logs.length} logs` }
  })
  const { view, report } = bundle
  const domain = { chainId: view.chainId, verifyingContract: view.healthOracle }
  const roster = run('roster', () => readRoster(bundle.roster, pins))
  run('quorum', () => quorumOf(reportDigest(domain, report), bundle.quorum, roster))
  run('chainView', () => chainView(view, report, roster))
  run('epochs', () => epochs(bundle))
  const lists = run('ackLists', () => ackLists(bundle, roster, primitives))
  run('proposal', () => proposal(bundle, roster, primitives))
  const parentState = run('parentState', () => parent(bundle))
  const chains = new Map<Hex, readonly Entry[]>()
  for (const log of bundle.logs) {
    const agentId = toHex0x(coseKeyThumbprint(log.agentKey))
    const head = parentState && headOf(parentState, agentId)
    chains.set(agentId, verifyLog(log, head?.hash ?? null, run, primitives))
  }
  run('heads', () => heads(view, lists, parentState, chains))
  run('recompute', () => {
    const params = {
      epochLengthS: view.config.epochLengthS,
      heartbeatS: view.config.heartbeatS,
      profile: bundle.profile,
    }
    const input = {
      n: report.round,
      view,
      params,
      epochs: bundle.epochs,
      lists,
      parentState,
      chains,
      methodology: CHS1,
    }
    const found = computeRound(input, primitives)
    const names = Object.keys(report) as (keyof Report)[]
    const wrong = names.find((name) => found.report[name] !== report[name])
    if (wrong) throw new CheckFailure(`${wrong} is ${found.report[wrong]}, signed: ${report[wrong]}`)
    return {
      value: null,
      detail: `${report.leafCount} leaves, root ${report.root}: the digest that was signed`,
    }
  })
}

function chainView(view: ChainView, report: Report, roster: Roster): Finding<null> {
  const { config } = view
  const addresses = (list: readonly { readonly address: Hex }[]) => list.map((each) => each.address).join()
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['feed', view.feedId, report.feedId],
    ['config', config.configId, report.configId],
    ['config of the roster', roster.configId, config.configId],
    ['threshold', roster.threshold, config.threshold],
    ['roster hash', toHex0x(rosterFingerprint(roster)), config.rosterHash],
    [
      'nodes',
      addresses(roster.nodes.map((n) => ({ address: toHex0x(n.nodeId) }))),
      addresses(config.signers),
    ],
    ['root before', report.prevRoot, view.parent?.root ?? `0x${'00'.repeat(32)}`],
  ]
  const wrong = pairs.find(([, found, wanted]) => found !== wanted)
  if (wrong) throw new CheckFailure(`${wrong[0]}: ${wrong[1]}, wanted ${wrong[2]}`)
  return {
    value: null,
    detail: `${view.tokens.length} tokens as exported at block ${view.block.number} (${view.block.hash}); compare it with a chain node that you trust`,
    unproven: true,
  }
}

function epochs({ epochs: known, view, report }: RoundBundle): Finding<null> {
  const lengthS = view.config.epochLengthS
  known.forEach((epoch, i) => {
    if (epoch.startS !== epoch.n * lengthS || epoch.n <= (known[i - 1]?.n ?? -1))
      throw new CheckFailure(`epoch ${epoch.n} starts at ${epoch.startS} or is out of order`)
  })
  const next = known.find((epoch) => epoch.n > report.round)
  if (!next) throw new CheckFailure(`no epoch after round ${report.round}`)
  const wanted = epochId(view.feedId, next.n, view.block.hash)
  if (next.epochId !== wanted)
    throw new CheckFailure(`epoch ${next.n} is ${next.epochId}, the block of the view gives ${wanted}`)
  return { value: null, detail: `${known.length} epochs; the view is of the anchor of epoch ${next.n}` }
}

function ackLists({ ackLists: signed, report }: RoundBundle, roster: Roster, primitives: Primitives) {
  const named = signed.map((cose, i) => {
    const { value } = parseNodeObject('ackList', cose, roster)
    const list = value.read as AckList
    nodeSignature(value.signed, list.nodeId, roster, primitives)
    if (list.n !== report.round)
      throw new CheckFailure(`list ${i + 1} is of round ${list.n}, wanted ${report.round}`)
    return {
      list,
      nodeId: list.nodeId,
      hash: payloadHash('assay/acklist/1', value.signed.payload, primitives.sha256),
    }
  })
  const hash = ackListsHash(named)
  if (hash !== report.ackListsHash)
    throw new CheckFailure(`the lists hash to ${hash}, the report says ${report.ackListsHash}`)
  return {
    value: named.map(({ list }) => list),
    detail: `${named.length} lists, those that the report commits to`,
  }
}

function proposal(bundle: RoundBundle, roster: Roster, primitives: Primitives): Finding<null> {
  const { value } = parseNodeObject('proposal', bundle.proposal, roster)
  const read = decodeProposal(value.signed.payload)
  nodeSignature(value.signed, read.nodeId, roster, primitives)
  const { detail } = proposer(read, roster)
  if (read.n !== bundle.report.round || toHex0x(read.viewBlock) !== bundle.view.block.hash)
    throw new CheckFailure(`of round ${read.n} and block ${toHex0x(read.viewBlock)}`)
  const hashes = bundle.ackLists.map((cose) =>
    payloadHash('assay/acklist/1', parseSign1('assay/acklist/1', cose).payload, primitives.sha256),
  )
  const same =
    hashes.length === read.lists.length && hashes.every((hash, i) => sameBytes(hash, read.lists[i]!.hash))
  if (!same) throw new CheckFailure('names other ack lists than the bundle holds')
  return { value: null, detail }
}

function parent({ parentState, view }: RoundBundle): Finding<RoundState | null> {
  if (!parentState || !view.parent) {
    if (parentState || view.parent)
      throw new CheckFailure('the chain and the bundle do not name the same parent')
    return { value: null, detail: 'none: the first round' }
  }
  const value = decodeRoundState(parentState)
  if (value.round !== view.parent.round)
    throw new CheckFailure(`of round ${value.round}, the chain names ${view.parent.round}`)
  checkRoundState(value, view.parent.root)
  return { value, detail: `round ${value.round}: its leaves give the root ${view.parent.root}` }
}

/** Every log that the round counts is there, from the parent's head to the K-th highest of the named lists. */
function heads(
  view: ChainView,
  lists: readonly AckList[],
  parentState: RoundState | null,
  chains: ReadonlyMap<Hex, readonly Entry[]>,
): Finding<null> {
  const wanted = roundHeads({ view, lists, parentState })
  const forked = new Set(lists.flatMap((list) => list.forks.map((fork) => toHex(fork.logId))))
  for (const [agentId, head] of wanted) {
    if (forked.has(agentId.slice(2))) continue
    const last = chains.get(agentId)?.at(-1)?.hash ?? (parentState && headOf(parentState, agentId)?.hash)
    if (!last || !sameBytes(last, head.hash))
      throw new CheckFailure(
        `log ${agentId} ends at ${last ? short(last) : 'nothing'}, the round counts up to ${short(head.hash)} (boot ${head.boot}, sequence ${head.seq})`,
      )
  }
  return { value: null, detail: `${wanted.size} logs reach the heads that K of the lists name` }
}
