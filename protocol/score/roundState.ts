import { sha256 } from '@noble/hashes/sha2.js'
import { concat, fromHex, sameBytes, toHex0x, utf8 } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import { uintWord } from '../wire/abi.ts'
import type { LogHead } from '../wire/ackList.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../wire/cbor.ts'
import type { Hex } from '../wire/chainView.ts'
import type { MapEntry } from '../wire/exceptions.ts'
import { asWord } from '../wire/hexItem.ts'
import { type Leaf, leafHash } from '../wire/leaf.ts'
import { merkleTree } from '../wire/merkle.ts'
import { asArray, asBool, asBytes, asUint, asVersion1 } from '../wire/shape.ts'

/** What a round carries of one asset to the next one. `state` is the canonical encoding of its AssetState. */
export type AssetRecord = {
  readonly agentId: Hex
  readonly assetId: Hex
  readonly inputsDigest: Hex
  readonly state: Uint8Array
  readonly leaf: Leaf
}

/** The state of a posted round: all that the next fold needs (PROTOCOL §6.6). */
export type RoundState = {
  readonly round: number
  /** Ascending by tokenId. */
  readonly assets: readonly AssetRecord[]
  /** Heads of the logs of bound agents, ascending by id. */
  readonly heads: readonly LogHead[]
  readonly mapOpen: boolean
  /** The on-chain status map as the last round with an open map left it; ascending by token. */
  readonly open: readonly MapEntry[]
  /** start(n) of the first round with a closed map, or 0 while it is open. */
  readonly closedSinceS: number
}

/**
 * inputRoot of a leaf: commits to the asset's inputs, its carried state and its agent's head, so that anyone who is
 * handed a state can check it against the root on chain.
 */
export function inputRootOf(record: Omit<AssetRecord, 'leaf'>, head: LogHead | null): Hex {
  const committed = encodeCbor([
    bytes(record.assetId),
    bytes(record.agentId),
    bytes(record.inputsDigest),
    sha256(record.state),
    head ? [head.boot, head.seq, head.hash] : null,
  ])
  return toHex0x(sha256(concat(utf8('assay/input/1'), committed)))
}

/** The head of an agent's log in a state, or null before its first counted entry. */
export function headOf(state: Pick<RoundState, 'heads'>, agentId: Hex): LogHead | null {
  const id = bytes(agentId)
  return state.heads.find((head) => sameBytes(head.logId, id)) ?? null
}

/**
 * Proves a state against the root of its round on chain: every inputRoot and the tree over the leaves. With a closed
 * map, `open` is not covered by the root and the state is refused.
 * @throws AssayError PROTO_MERKLE
 */
export function checkRoundState(state: RoundState, root: Hex): void {
  for (const asset of state.assets) {
    if (inputRootOf(asset, headOf(state, asset.agentId)) !== asset.leaf.inputRoot) {
      throw protoError('PROTO_MERKLE', { field: 'inputRoot', token: asset.leaf.tokenId })
    }
    if (asset.leaf.epoch !== state.round)
      throw protoError('PROTO_MERKLE', { field: 'epoch', token: asset.leaf.tokenId })
  }
  const found = toHex0x(merkleTree(state.assets.map((asset) => leafHash(asset.leaf))).root)
  if (found !== root) throw protoError('PROTO_MERKLE', { field: 'root', found, wanted: root })
  const leaves = state.assets.map((asset) => mapEntry(asset.leaf))
  if (!state.mapOpen || !sameMap(leaves, state.open))
    throw protoError('PROTO_MERKLE', { field: 'open', found: 'a status map that the root does not cover' })
}

/** The part of a leaf that the status map on chain follows. */
export function mapEntry(leaf: MapEntry): MapEntry {
  const { tokenId, generation, status, level, triggers } = leaf
  return { tokenId, generation, status, level, triggers }
}

function sameMap(a: readonly MapEntry[], b: readonly MapEntry[]): boolean {
  return sameBytes(encodeCbor(a.map(mapItems)), encodeCbor(b.map(mapItems)))
}

/** Canonical bytes of a state, as nodes keep it and hand it to each other. */
export function encodeRoundState(state: RoundState): Uint8Array {
  return encodeCbor([
    1,
    state.round,
    state.assets.map((a) => [
      bytes(a.agentId),
      bytes(a.assetId),
      bytes(a.inputsDigest),
      a.state,
      leafItems(a.leaf),
    ]),
    state.heads.map((h) => [h.logId, h.boot, h.seq, h.hash]),
    state.mapOpen,
    state.open.map(mapItems),
    state.closedSinceS,
  ])
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeRoundState(encoded: Uint8Array): RoundState {
  const p = asArray(decodeCbor(encoded), 'roundState', 7)
  asVersion1(p[0])
  return {
    round: asUint(p[1], 'round'),
    assets: asArray(p[2], 'assets').map((item) => {
      const a = asArray(item, 'assets', 5)
      return {
        agentId: toHex0x(asBytes(a[0], 'agentId', 32)),
        assetId: toHex0x(asBytes(a[1], 'assetId', 32)),
        inputsDigest: toHex0x(asBytes(a[2], 'inputsDigest', 32)),
        state: asBytes(a[3], 'state'),
        leaf: leafFromItems(a[4]),
      }
    }),
    heads: asArray(p[3], 'heads').map((item) => {
      const h = asArray(item, 'heads', 4)
      return {
        logId: asBytes(h[0], 'logId', 32),
        boot: asUint(h[1], 'boot'),
        seq: asUint(h[2], 'seq'),
        hash: asBytes(h[3], 'hash', 32),
      }
    }),
    mapOpen: asBool(p[4], 'mapOpen'),
    open: asArray(p[5], 'open').map((item) => {
      const o = asArray(item, 'open', 5)
      return {
        tokenId: asWord(o[0], 'tokenId'),
        generation: asUint(o[1], 'generation'),
        status: asUint(o[2], 'status'),
        level: asUint(o[3], 'level'),
        triggers: asUint(o[4], 'triggers'),
      }
    }),
    closedSinceS: asUint(p[6], 'closedSinceS'),
  }
}

function bytes(hex: Hex): Uint8Array {
  return fromHex(hex) as Uint8Array
}

function mapItems(entry: MapEntry): CborValue {
  return [
    uintWord(entry.tokenId, 256, 'tokenId'),
    entry.generation,
    entry.status,
    entry.level,
    entry.triggers,
  ]
}

function leafItems(leaf: Leaf): CborValue {
  return [
    bytes(leaf.feedId),
    uintWord(leaf.tokenId, 256, 'tokenId'),
    leaf.generation,
    leaf.epoch,
    leaf.observedAt,
    leaf.scoreBp,
    leaf.status,
    leaf.level,
    leaf.confidenceBp,
    leaf.reasons,
    leaf.recoverableValueCents,
    leaf.triggers,
    bytes(leaf.inputRoot),
  ]
}

function leafFromItems(value: CborValue | undefined): Leaf {
  const l = asArray(value, 'leaf', 13)
  const big = (at: number): bigint => {
    const item = l[at]
    if (typeof item === 'bigint' && item >= 0n) return item
    return BigInt(asUint(item, 'leaf'))
  }
  const num = (at: number): number => asUint(l[at], 'leaf')
  return {
    feedId: toHex0x(asBytes(l[0], 'feedId', 32)),
    tokenId: asWord(l[1], 'tokenId'),
    generation: num(2),
    epoch: num(3),
    observedAt: num(4),
    scoreBp: num(5),
    status: num(6),
    level: num(7),
    confidenceBp: num(8),
    reasons: big(9),
    recoverableValueCents: big(10),
    triggers: num(11),
    inputRoot: toHex0x(asBytes(l[12], 'inputRoot', 32)),
  }
}
