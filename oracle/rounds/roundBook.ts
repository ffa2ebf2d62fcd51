import { fromHex, sameBytes, toHex0x } from '#protocol/bytes'
import { type AckList, decodeAckList } from '#protocol/wire/ackList'
import type { Hex } from '#protocol/wire/chainView'
import { type CoseType, openSign1, payloadHash } from '#protocol/wire/cose'
import { decodeDissent } from '#protocol/wire/dissent'
import { decodeProposal, type Proposal } from '#protocol/wire/proposal'
import { recoverSigner } from '#protocol/wire/reportSignature'
import type { PublishedRound, RoundContext, RoundSignature } from './ports.ts'
import { proposerIndex } from './turns.ts'

type Kept<T> = { readonly bytes: Uint8Array; readonly value: T; readonly hash: Hex }

/**
 * Everything signed that this node holds of one round. Only objects whose signature verifies under the roster get in;
 * the second, different word of one node is kept as evidence, named, and both are set aside.
 */
export class RoundBook {
  readonly n: number
  private readonly context: RoundContext
  private readonly lists = new Map<Hex, Kept<AckList>[]>()
  private readonly proposed = new Map<number, Kept<Proposal>[]>()
  private readonly signatures = new Map<Hex, RoundSignature[]>()
  private readonly dissents = new Map<Hex, Uint8Array>()
  private readonly named = new Set<string>()

  constructor(n: number, context: RoundContext) {
    this.n = n
    this.context = context
  }

  /** Takes whatever verifies of a peer's (or our own) published round. */
  add(round: PublishedRound): void {
    for (const bytes of round.ackLists) this.addAckList(bytes)
    for (const bytes of round.proposals) this.addProposal(bytes)
    for (const signature of round.signatures) this.addSignature(signature)
    for (const bytes of round.dissents) this.addDissent(bytes)
  }

  /** All of it, to be passed on. */
  published(): PublishedRound {
    return {
      n: this.n,
      ackLists: [...this.lists.values()].flat().map((kept) => kept.bytes),
      proposals: [...this.proposed.values()].flat().map((kept) => kept.bytes),
      signatures: [...this.signatures.values()].flat(),
      dissents: [...this.dissents.values()],
    }
  }

  /** The one ack list of a node, or undefined when there is none or there are two. */
  ackListOf(nodeId: Hex): Kept<AckList> | undefined {
    const kept = this.lists.get(nodeId) ?? []
    return kept.length === 1 ? kept[0] : undefined
  }

  /** An ack list by its payload hash, also where its node signed two: a proposal may have named either. */
  ackListByHash(nodeId: Hex, hash: Uint8Array): Kept<AckList> | undefined {
    return this.lists.get(nodeId)?.find((kept) => kept.hash === toHex0x(hash))
  }

  /** Proposals that count, first turn first: one per turn, from that turn's proposer. */
  proposals(): Kept<Proposal>[] {
    return [...this.proposed.entries()]
      .sort(([a], [b]) => a - b)
      .flatMap(([, kept]) => (kept.length === 1 ? kept : []))
  }

  hasProposalOf(turn: number): boolean {
    return this.proposed.has(turn)
  }

  /** Signatures over one digest, by node; a node that signed two digests counts for neither. */
  signersOf(digest: Hex): RoundSignature[] {
    return [...this.signatures.values()].flatMap((kept) =>
      kept.length === 1 && kept[0]?.digest === digest ? kept : [],
    )
  }

  allSignatures(): RoundSignature[] {
    return [...this.signatures.values()].flat()
  }

  dissentBytes(): Uint8Array[] {
    return [...this.dissents.values()]
  }

  private addAckList(bytes: Uint8Array): void {
    if (isKnown(this.lists, bytes)) return
    const kept = this.open('assay/acklist/1', bytes, decodeAckList)
    if (!kept || kept.value.n !== this.n || kept.value.configId !== this.context.roster.configId) return
    const nodeId = toHex0x(kept.value.nodeId)
    for (const { agentId, acked, listed } of this.context.acks.below(kept.value)) {
      const at = listed ? `${listed.boot}/${listed.seq}` : 'nothing'
      this.name(
        'ack-list-below-acks',
        nodeId,
        `node ${nodeId} had acked ${agentId} up to ${acked.boot}/${acked.seq} and lists ${at} in round ${this.n}`,
      )
    }
    this.keep(
      this.lists,
      nodeId,
      kept,
      'two-ack-lists',
      nodeId,
      `node ${nodeId} signed two ack lists for round ${this.n}`,
    )
  }

  private addProposal(bytes: Uint8Array): void {
    if (isKnown(this.proposed, bytes)) return
    const kept = this.open('assay/proposal/1', bytes, decodeProposal)
    if (!kept || kept.value.n !== this.n) return
    const nodes = this.context.roster.nodes
    const proposer = nodes[proposerIndex(this.n, kept.value.turn, nodes.length)]
    if (!proposer || !sameBytes(proposer.nodeId, kept.value.nodeId)) return
    const nodeId = toHex0x(kept.value.nodeId)
    this.keep(
      this.proposed,
      kept.value.turn,
      kept,
      'two-proposals',
      nodeId,
      `node ${nodeId} signed two proposals for turn ${kept.value.turn} of round ${this.n}: neither counts`,
    )
  }

  private addSignature(signature: RoundSignature): void {
    const known = this.signatures.get(signature.nodeId) ?? []
    if (known.some((kept) => kept.digest === signature.digest) || known.length >= 2) return
    if (!this.context.roster.nodes.some((node) => toHex0x(node.nodeId) === signature.nodeId)) return
    try {
      const signer = recoverSigner(
        fromHex(signature.digest) as Uint8Array,
        fromHex(signature.signature) as Uint8Array,
      )
      if (signer !== signature.nodeId) return
    } catch {
      return
    }
    this.signatures.set(signature.nodeId, [...known, signature])
    if (known.length === 1)
      this.name(
        'two-digests',
        signature.nodeId,
        `node ${signature.nodeId} signed two digests for round ${this.n}: neither counts`,
      )
  }

  private addDissent(bytes: Uint8Array): void {
    if ([...this.dissents.values()].some((known) => sameBytes(known, bytes))) return
    const kept = this.open('assay/dissent/1', bytes, decodeDissent)
    if (kept && kept.value.n === this.n) this.dissents.set(kept.hash, bytes)
  }

  private keep<K, T>(
    map: Map<K, Kept<T>[]>,
    key: K,
    kept: Kept<T>,
    kind: 'two-ack-lists' | 'two-proposals',
    nodeId: Hex,
    text: string,
  ): void {
    const known = map.get(key) ?? []
    if (known.some((each) => each.hash === kept.hash) || known.length >= 2) return
    map.set(key, [...known, kept])
    if (known.length === 1) this.name(kind, nodeId, text)
  }

  private name(
    kind: 'two-ack-lists' | 'two-proposals' | 'two-digests' | 'ack-list-below-acks',
    subject: Hex,
    text: string,
  ): void {
    const id = `${kind} ${text}`
    if (this.named.has(id)) return
    this.named.add(id)
    this.context.incident({ kind, subject, round: this.n, text })
  }

  /** Opens an object of this feed under the transport key of the roster node that it names; undefined if it fails. */
  private open<T extends { nodeId: Uint8Array; feedId: Uint8Array }>(
    type: CoseType,
    bytes: Uint8Array,
    decode: (payload: Uint8Array) => T,
  ): Kept<T> | undefined {
    const { roster, primitives } = this.context
    for (const node of roster.nodes) {
      try {
        const payload = openSign1(type, bytes, node.transportKey, primitives)
        const value = decode(payload)
        if (!sameBytes(value.nodeId, node.nodeId) || !sameBytes(value.feedId, roster.feedId)) return undefined
        return { bytes, value, hash: toHex0x(payloadHash(type, payload, primitives.sha256)) }
      } catch {
        // Not this node's key, or no such object: the next key decides; unverified bytes are never kept.
      }
    }
    return undefined
  }
}

/** Whether exactly these bytes were verified before: peers repeat everything at every poll. */
function isKnown<T>(map: ReadonlyMap<unknown, readonly Kept<T>[]>, bytes: Uint8Array): boolean {
  for (const kept of map.values()) if (kept.some((each) => sameBytes(each.bytes, bytes))) return true
  return false
}
