import { sameBytes, toHex, toHex0x } from '../bytes.ts'
import type { Primitives } from '../primitives.ts'
import { decodeAck } from '../wire/ack.ts'
import { type AckList, decodeAckList } from '../wire/ackList.ts'
import { type CoseType, parseSign1, type Sign1, verifySign1 } from '../wire/cose.ts'
import { coseKeyThumbprint } from '../wire/coseKey.ts'
import { decodeDissent } from '../wire/dissent.ts'
import { epochId } from '../wire/epochId.ts'
import { decodeEpochNotice, type EpochNotice } from '../wire/epochNotice.ts'
import { decodeNodeObject } from '../wire/fileBodies.ts'
import { checkForkProof } from '../wire/forkProof.ts'
import { decodeProposal, type Proposal } from '../wire/proposal.ts'
import { decodeRoster, type Roster, rosterFingerprint } from '../wire/roster.ts'
import { CheckFailure, type Finding, type RunCheck } from './fileChecks.ts'
import { short } from './verifyEntry.ts'

/** What the reader knows from elsewhere; hex without 0x. */
export type FilePins = { readonly rosterFingerprint?: string }

/** The kinds of file that hold one signed object of a node. */
export type NodeObjectKind = 'ack' | 'ackList' | 'epochNotice' | 'proposal' | 'dissent'

type Read = { readonly nodeId: Uint8Array; readonly feedId?: Uint8Array; readonly configId?: number }

const TYPES: Record<NodeObjectKind, { readonly type: CoseType; decode(payload: Uint8Array): Read }> = {
  ack: { type: 'assay/ack/1', decode: decodeAck },
  ackList: { type: 'assay/acklist/1', decode: decodeAckList },
  epochNotice: { type: 'assay/epoch/1', decode: decodeEpochNotice },
  proposal: { type: 'assay/proposal/1', decode: decodeProposal },
  dissent: { type: 'assay/dissent/1', decode: decodeDissent },
}

/**
 * The checks of a node's signed object: `roster`, the object's kind, `signature`, and `forks`, `epochId` or `proposer`
 * where the kind has one.
 */
export function verifyNodeObject(
  kind: NodeObjectKind,
  body: Uint8Array,
  run: RunCheck,
  primitives: Primitives,
  pins: FilePins,
): void {
  const object = run('body', () => ({
    value: decodeNodeObject(body),
    detail: 'roster, object and agent keys',
  }))
  const roster = run('roster', () => readRoster(object.roster, pins))
  const { signed, read } = run(kind, () => parseNodeObject(kind, object.cose, roster))
  run('signature', () => nodeSignature(signed, read.nodeId, roster, primitives))
  if (kind === 'ackList') run('forks', () => forks(read as AckList, object.agentKeys, primitives))
  if (kind === 'epochNotice') run('epochId', () => noticeId(read as EpochNotice))
  if (kind === 'proposal') run('proposer', () => proposer(read as Proposal, roster))
}

/** The roster of its bytes. Without a pin it is well-formed, and nothing says that these are the right nodes. */
export function readRoster(bytes: Uint8Array, pins: FilePins): Finding<Roster> {
  const value = decodeRoster(bytes)
  const found = toHex(rosterFingerprint(value))
  const nodes = `${value.threshold} of ${value.nodes.length} nodes, config ${value.configId}, fingerprint ${found}`
  if (pins.rosterFingerprint === undefined)
    return { value, detail: `${nodes}; compare it with the one that you pinned`, unproven: true }
  if (found !== pins.rosterFingerprint)
    throw new CheckFailure(`fingerprint ${found}, you pinned ${pins.rosterFingerprint}`)
  return { value, detail: `${nodes}, as pinned` }
}

/** A node's object taken apart, of the roster's feed and config. */
export function parseNodeObject(
  kind: NodeObjectKind,
  cose: Uint8Array,
  roster: Roster,
): Finding<{ signed: Sign1; read: Read }> {
  const { type, decode } = TYPES[kind]
  const signed = parseSign1(type, cose)
  const read = decode(signed.payload)
  if (read.feedId && !sameBytes(read.feedId, roster.feedId))
    throw new CheckFailure(`of feed ${short(read.feedId)}, the roster is of ${short(roster.feedId)}`)
  if (read.configId !== undefined && read.configId !== roster.configId)
    throw new CheckFailure(`of config ${read.configId}, the roster is ${roster.configId}`)
  return { value: { signed, read }, detail: `of node ${toHex0x(read.nodeId)}` }
}

/** The signature of a node's object under its transport key in the roster. */
export function nodeSignature(
  signed: Sign1,
  nodeId: Uint8Array,
  roster: Roster,
  primitives: Primitives,
): Finding<null> {
  const node = roster.nodes.find((each) => sameBytes(each.nodeId, nodeId))
  if (!node) throw new CheckFailure(`${toHex0x(nodeId)} is not a node of the roster`)
  if (!verifySign1(signed, node.transportKey, primitives))
    throw new CheckFailure(`does not verify under the transport key of node ${toHex0x(nodeId)}`)
  return { value: null, detail: `ES256 by the transport key of node ${toHex0x(nodeId)}, low-s` }
}

function forks(list: AckList, keys: readonly Uint8Array[], primitives: Primitives): Finding<null> {
  for (const fork of list.forks) {
    const key = keys.find((each) => sameBytes(coseKeyThumbprint(each), fork.logId))
    if (!key) throw new CheckFailure(`no key in the file belongs to log ${short(fork.logId)}`)
    if (!checkForkProof(fork, key, primitives))
      throw new CheckFailure(`the two headers of log ${short(fork.logId)} prove no fork`)
  }
  return {
    value: null,
    detail: `${list.forks.length} forks, each proven by two headers that the agent signed`,
  }
}

function noticeId(notice: EpochNotice): Finding<null> {
  const wanted = epochId(toHex0x(notice.feedId), notice.n, toHex0x(notice.blockHash))
  if (toHex0x(notice.epochId) !== wanted)
    throw new CheckFailure(`${toHex0x(notice.epochId)}, feed, number and block hash give ${wanted}`)
  return { value: null, detail: `epoch ${notice.n} follows from block ${notice.blockNumber}` }
}

/** PROTOCOL §6.3: the proposer of a turn, and at least M lists of distinct nodes in roster order. */
export function proposer(proposal: Proposal, roster: Roster): Finding<null> {
  const index = (proposal.n + proposal.turn) % roster.nodes.length
  const wanted = roster.nodes[index]?.nodeId as Uint8Array
  if (!sameBytes(proposal.nodeId, wanted))
    throw new CheckFailure(
      `node ${short(proposal.nodeId)}, turn ${proposal.turn} of round ${proposal.n} is that of ${short(wanted)}`,
    )
  const places = proposal.lists.map((list) =>
    roster.nodes.findIndex((node) => sameBytes(node.nodeId, list.nodeId)),
  )
  if (places.some((place, i) => place < 0 || place <= (places[i - 1] ?? -1)))
    throw new CheckFailure('the named lists are not of roster nodes in roster order')
  if (places.length < roster.threshold)
    throw new CheckFailure(`${places.length} lists are named, ${roster.threshold} are needed`)
  return {
    value: null,
    detail: `turn ${proposal.turn} of round ${proposal.n}; names ${places.length} ack lists`,
  }
}
