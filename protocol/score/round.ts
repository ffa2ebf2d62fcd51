import { fromHex, toHex0x } from '../bytes.ts'
import type { Primitives } from '../primitives.ts'
import { protoError } from '../protoErrors.ts'
import { type AckList, encodeAckList, type LogHead } from '../wire/ackList.ts'
import { ackListsHash } from '../wire/ackListsHash.ts'
import { type Aggregate, aggregateHash, aggregateLeaves } from '../wire/aggregate.ts'
import type { ChainToken, ChainView, EpochRef, Hex } from '../wire/chainView.ts'
import { payloadHash } from '../wire/cose.ts'
import type { Entry } from '../wire/entry.ts'
import { type Exceptions, exceptionsAgainst, type MapEntry, packExceptions } from '../wire/exceptions.ts'
import { type Leaf, leafHash } from '../wire/leaf.ts'
import { packReasons, packTriggers } from '../wire/leafFields.ts'
import { merkleTree } from '../wire/merkle.ts'
import { type Report, reportDigest } from '../wire/report.ts'
import { emptyAssetState } from './assetState.ts'
import { decodeAssetState, encodeAssetState } from './assetStateCodec.ts'
import type { ScoreResult } from './chs1.ts'
import { collectFacts, type EntryVerdict, type EpochWindow } from './collect.ts'
import type { EpochFacts } from './epochFacts.ts'
import { foldAsset } from './foldAsset.ts'
import { inputsDigest } from './inputsDigest.ts'
import { isForked, roundHead, servedEpochs } from './logHeads.ts'
import { methodologyHash } from './methodologyHash.ts'
import type { Methodology } from './methodologyTypes.ts'
import { type AssetRecord, headOf, inputRootOf, mapEntry, type RoundState } from './roundState.ts'
import type { ScoreInput } from './scoreInput.ts'

/** Feed-wide constants that every node of a feed must share. */
export type FeedParams = {
  readonly epochLengthS: number
  readonly heartbeatS: number
  readonly profile: 'production' | 'up'
}

/** Everything a round depends on; nothing else does. */
export type RoundInput = {
  readonly n: number
  readonly view: ChainView
  readonly params: FeedParams
  /** Existing epochs, ascending: all after the parent up to n, n' itself, and some before for quoted epochs. */
  readonly epochs: readonly EpochRef[]
  /** The named ack lists in roster order. */
  readonly lists: readonly AckList[]
  readonly parentState: RoundState | null
  /** Per agent: its verified entries after the parent's head up to the round's head, in log order. */
  readonly chains: ReadonlyMap<Hex, readonly Entry[]>
  readonly methodology: Methodology
}

/** What a node computes, signs and posts. */
export type RoundResult = {
  readonly report: Report
  readonly digest: Hex
  readonly state: RoundState
  readonly leaves: readonly Leaf[]
  readonly exceptions: Exceptions
  readonly aggregate: Aggregate
  readonly verdicts: readonly EntryVerdict[]
  readonly scores: ReadonlyMap<Hex, { readonly inputs: ScoreInput; readonly score: ScoreResult }>
}

const CLOSE_ABOVE = 2000
const CLOSED_AT_MOST_S = 24 * 3600

/**
 * Folds the entries between the parent's heads and the new ones over the parent's state, and gives leaves, root,
 * exceptions, aggregates and the report (PROTOCOL §6). Pure: equal inputs give equal bytes on every machine.
 * @throws AssayError PROTO_METHODOLOGY when the chain names another methodology, PROTO_SHAPE for inputs that do not
 * belong together
 */
export function computeRound(input: RoundInput, primitives: Primitives): RoundResult {
  const { n, view, params, lists, parentState, methodology } = input
  const ours = methodologyHash(methodology)
  if (ours !== view.methodologyHash)
    throw protoError('PROTO_METHODOLOGY', { found: ours, wanted: view.methodologyHash })
  if ((parentState?.round ?? null) !== (view.parent?.round ?? null)) {
    throw protoError('PROTO_SHAPE', {
      field: 'parentState',
      found: parentState?.round ?? 'none',
      wanted: view.parent?.round ?? 'none',
    })
  }
  const k = Math.max(1, 2 * view.config.threshold - view.config.signers.length)
  const window = epochWindow(input, servedEpochs(lists, k))
  const heads = roundHeads(input, k)
  const verdicts: EntryVerdict[] = []
  const folded = new Map<bigint, AssetRecord>()
  const scores = new Map<Hex, { inputs: ScoreInput; score: ScoreResult }>()

  for (const [agentId, tokens] of byAgent(view.tokens)) {
    const chain = input.chains.get(agentId) ?? []
    const parentHead = parentState ? headOf(parentState, agentId) : null
    const fork = isForked(fromHex(agentId) as Uint8Array, lists, chain, parentHead)
    const assets = tokens.map((token) => token.assetId)
    const collected = collectFacts(agentId, fork ? [] : chain, assets, window, methodology)
    verdicts.push(...collected.verdicts)
    const head = fork ? parentHead : (heads.get(agentId) ?? null)
    if (fork) setHead(heads, agentId, parentHead)
    for (const token of tokens) {
      const facts = collected.facts.get(token.assetId) as readonly EpochFacts[]
      const { record, inputs, score } = foldToken(token, input, facts, fork, head)
      folded.set(token.tokenId, record)
      scores.set(token.assetId, { inputs, score })
    }
  }

  const assets = view.tokens.map((token) => folded.get(token.tokenId) as AssetRecord)
  const leaves = assets.map((asset) => asset.leaf)
  const root = toHex0x(merkleTree(leaves.map(leafHash)).root)
  const startS = n * params.epochLengthS
  const map = statusMap(leaves, parentState, startS)
  const exceptions = packExceptions(map.changed)
  const { aggregate, observedFrom } = aggregateLeaves(leaves)
  const report: Report = {
    feedId: view.feedId,
    configId: view.config.configId,
    round: n,
    epochId: (window.fresh.at(-1) as EpochRef).epochId,
    prevRoot: view.parent?.root ?? `0x${'00'.repeat(32)}`,
    root,
    leafCount: leaves.length,
    observedFrom: Math.min(observedFrom ?? startS, startS),
    observedTo: startS,
    validUntil: nextEpoch(input).startS + 2 * params.heartbeatS,
    mapOpen: map.mapOpen,
    exceptionsHash: exceptions.hash,
    aggregateHash: aggregateHash(aggregate),
    methodologyHash: ours,
    ackListsHash: ackListsHash(
      lists.map((list) => ({ nodeId: list.nodeId, hash: ackListHash(list, primitives) })),
    ),
  }
  const domain = { chainId: view.chainId, verifyingContract: view.healthOracle }
  const digest = toHex0x(reportDigest(domain, report))
  const state: RoundState = {
    round: n,
    assets,
    heads: [...heads.values()].sort((a, b) => (toHex0x(a.logId) < toHex0x(b.logId) ? -1 : 1)),
    mapOpen: map.mapOpen,
    open: map.open,
    closedSinceS: map.closedSinceS,
  }
  return { report, digest, state, leaves, exceptions, aggregate, verdicts, scores }
}

/** Id of an ack list: the domain-separated SHA-256 of its payload. */
export function ackListHash(list: AckList, primitives: Primitives): Uint8Array {
  return payloadHash('assay/acklist/1', encodeAckList(list), primitives.sha256)
}

/** The heads that a round with these lists counts, for the agents bound to live tokens. */
export function roundHeads(
  input: Pick<RoundInput, 'view' | 'lists' | 'parentState'>,
  k = Math.max(1, 2 * input.view.config.threshold - input.view.config.signers.length),
): Map<Hex, LogHead> {
  const heads = new Map<Hex, LogHead>()
  for (const agentId of byAgent(input.view.tokens).keys()) {
    const parent = input.parentState ? headOf(input.parentState, agentId) : null
    const head = roundHead(fromHex(agentId) as Uint8Array, input.lists, k, parent)
    if (head) heads.set(agentId, head)
  }
  return heads
}

function nextEpoch(input: RoundInput): EpochRef {
  const next = input.epochs.find((epoch) => epoch.n > input.n)
  if (!next)
    throw protoError('PROTO_SHAPE', {
      field: 'epochs',
      found: `none after ${input.n}`,
      wanted: 'the next existing epoch',
    })
  return next
}

function epochWindow(input: RoundInput, served: ReadonlySet<number>): EpochWindow {
  const after = input.view.parent ? input.view.parent.round : input.n - 1
  const fresh = input.epochs.filter((epoch) => epoch.n > after && epoch.n <= input.n)
  if (fresh.at(-1)?.n !== input.n)
    throw protoError('PROTO_SHAPE', {
      field: 'epochs',
      found: `no epoch ${input.n}`,
      wanted: 'the epoch of the round',
    })
  return { lengthS: input.params.epochLengthS, known: input.epochs, fresh, served }
}

function byAgent(tokens: readonly ChainToken[]): Map<Hex, ChainToken[]> {
  const groups = new Map<Hex, ChainToken[]>()
  for (const token of tokens) groups.set(token.agentId, [...(groups.get(token.agentId) ?? []), token])
  return groups
}

function setHead(heads: Map<Hex, LogHead>, agentId: Hex, head: LogHead | null): void {
  if (head) heads.set(agentId, head)
  else heads.delete(agentId)
}

function foldToken(
  token: ChainToken,
  input: RoundInput,
  facts: readonly EpochFacts[],
  fork: boolean,
  head: LogHead | null,
) {
  const before = input.parentState?.assets.find((asset) => asset.leaf.tokenId === token.tokenId)
  const result = foldAsset(before ? decodeAssetState(before.state) : emptyAssetState(), facts, {
    methodology: input.methodology,
    profile: input.params.profile,
    level: token.level,
    levelObservedS: null,
    cls: null,
    ageDays: null,
    monthsSinceLaunch: null,
    retired: false,
    fork,
    identityConflict: false,
    generation: token.generation,
  })
  const partial = {
    agentId: token.agentId,
    assetId: token.assetId,
    inputsDigest: inputsDigest(result.inputs),
    state: encodeAssetState(result.state),
  }
  const { reasons, triggers, ...fields } = result.leafFields
  const leaf: Leaf = {
    ...fields,
    feedId: input.view.feedId,
    tokenId: token.tokenId,
    generation: token.generation,
    epoch: input.n,
    reasons: packReasons(reasons),
    triggers: packTriggers(triggers),
    inputRoot: inputRootOf(partial, head),
  }
  return { record: { ...partial, leaf }, inputs: result.inputs, score: result.score }
}

/** The mapOpen rule of PROTOCOL §6: a mass fall to Unknown closes the map for at most a day instead of flooding it. */
function statusMap(leaves: readonly Leaf[], parent: RoundState | null, startS: number) {
  const last = new Map<bigint, MapEntry>((parent?.open ?? []).map((entry) => [entry.tokenId, entry]))
  const changed = exceptionsAgainst(last, leaves)
  const turnedUnknown = changed.filter(
    (leaf) => leaf.status === 0 && (last.get(leaf.tokenId)?.status ?? 0) !== 0,
  ).length
  const closedSinceS = parent && !parent.mapOpen ? parent.closedSinceS : startS
  const mapOpen = turnedUnknown <= CLOSE_ABOVE || startS - closedSinceS >= CLOSED_AT_MOST_S
  return {
    mapOpen,
    changed: mapOpen ? changed : [],
    open: mapOpen ? leaves.map(mapEntry) : (parent?.open ?? []),
    closedSinceS: mapOpen ? 0 : closedSinceS,
  }
}
