import { fromHex, sameBytes, toHex0x } from '#protocol/bytes'
import { ackListHash, type RoundResult } from '#protocol/score/round'
import { writeRoundFrame } from '#protocol/score/roundFrame'
import type { RoundState } from '#protocol/score/roundState'
import { encodeRoundState } from '#protocol/score/roundState'
import type { ChainView, Hex } from '#protocol/wire/chainView'
import { sign1 } from '#protocol/wire/cose'
import { encodeProposal, type Proposal } from '#protocol/wire/proposal'
import { computeEntries, type GatheredRound } from './gather.ts'
import type { OpenEpoch, PublishedRound, RoundContext, RoundSignature } from './ports.ts'
import { publishDissent } from './publishDissent.ts'
import { RoundBook } from './roundBook.ts'
import { writeScores } from './scoreRows.ts'
import { readSignature, writeSignature } from './signatureRow.ts'
import { proposerIndex, turnAt } from './turns.ts'

const NOT_HERE_YET = 'a named ack list is not here yet'

/** M signatures over one digest that this node computed itself. */
export type Agreement = {
  readonly result: RoundResult
  readonly signatures: readonly RoundSignature[]
  readonly proposal: Proposal
}

/** What a round task starts from. */
export type RoundTaskInput = {
  readonly n: number
  readonly next: OpenEpoch
  readonly view: ChainView
  readonly epochs: readonly OpenEpoch[]
  readonly parentState: RoundState | null
  readonly ackList: Uint8Array
  /** False while this node may not sign (not in the roster, other methodology): it then only watches and passes on. */
  readonly maySign: boolean
}

/**
 * One round at one node: gathers, proposes in its turn, computes, signs once, waits for M (PROTOCOL §6.3 to §6.8).
 * `tick` is called until there is an agreement or the round closes; it never runs twice at a time.
 */
export class RoundTask {
  readonly input: RoundTaskInput
  readonly book: RoundBook
  private readonly context: RoundContext
  private readonly openedAt: number
  private readonly results = new Map<Hex, RoundResult>()
  private readonly refused = new Set<Hex>()
  private readonly dissented = new Set<string>()
  private agreed: Agreement | null = null
  private readonly named = new Set<Hex>()

  constructor(input: RoundTaskInput, context: RoundContext) {
    this.input = input
    this.context = context
    this.book = new RoundBook(input.n, context)
    this.openedAt = context.now()
    this.book.add({ n: input.n, ackLists: [input.ackList], proposals: [], signatures: [], dissents: [] })
    const signed = context.store.get(input.n, 'signature')
    if (signed)
      this.book.add({
        n: input.n,
        ackLists: [],
        proposals: [],
        signatures: [readSignature(signed)],
        dissents: [],
      })
    const proposed = context.store.get(input.n, 'proposal')
    if (proposed)
      this.book.add({ n: input.n, ackLists: [], proposals: [proposed], signatures: [], dissents: [] })
  }

  agreement(): Agreement | null {
    return this.agreed
  }

  published(): PublishedRound {
    return this.book.published()
  }

  /** One step: hear the peers, then do what is due. Resolves to the agreement when there is one. */
  async tick(): Promise<Agreement | null> {
    const heard = await Promise.all(this.context.peers.map((peer) => peer.round(this.input.n)))
    for (const round of heard) if (round) this.book.add(round)
    if (this.input.maySign) {
      await this.proposeInTurn()
      await this.signOnce()
    } else {
      for (const proposal of this.book.proposals()) await this.resultOf(proposal)
    }
    await this.nameDissent()
    this.agreed ??= this.findAgreement()
    return this.agreed
  }

  private async proposeInTurn(): Promise<void> {
    const { roster, params, nodeId, store, transport } = this.context
    const { n } = this.input
    if (store.get(n, 'proposal') || store.get(n, 'signature')) return
    const turn = turnAt(this.context.now() - this.openedAt, params.epochLengthS)
    const proposer = roster.nodes[proposerIndex(n, turn, roster.nodes.length)]
    if (!proposer || toHex0x(proposer.nodeId) !== nodeId || this.book.hasProposalOf(turn)) return
    const complete = await this.completeLists()
    if (complete.length < roster.threshold) return
    const proposal: Proposal = {
      feedId: roster.feedId,
      configId: roster.configId,
      n,
      turn,
      nodeId: proposer.nodeId,
      viewBlock: fromHex(this.input.next.anchor.hash) as Uint8Array,
      lists: complete.map(({ nodeId: id, hash }) => ({
        nodeId: fromHex(id) as Uint8Array,
        hash: fromHex(hash) as Uint8Array,
      })),
    }
    const bytes = await sign1('assay/proposal/1', encodeProposal(proposal), transport)
    store.put(n, 'proposal', bytes)
    this.book.add({ n, ackLists: [], proposals: [bytes], signatures: [], dissents: [] })
  }

  /** Ack lists whose heads this node holds in full, in roster order. */
  private async completeLists(): Promise<{ nodeId: Hex; hash: Hex }[]> {
    const lists = this.context.roster.nodes.flatMap((node) => {
      const kept = this.book.ackListOf(toHex0x(node.nodeId))
      return kept ? [{ nodeId: toHex0x(node.nodeId), hash: kept.hash, list: kept.value }] : []
    })
    const complete: typeof lists = []
    for (const each of lists) {
      const trial = [...complete.map(({ list }) => list), each.list]
      const gathered = await computeEntries(trial, this.input, this.context)
      if (gathered.ok) complete.push(each)
      else if (this.nameOnce(each.hash))
        this.context.incident({
          kind: 'header-missing',
          subject: each.nodeId,
          round: this.input.n,
          text: `ack list of node ${each.nodeId} left out: ${gathered.why}`,
        })
    }
    return complete
  }

  private async signOnce(): Promise<void> {
    const { n } = this.input
    if (this.context.store.get(n, 'signature')) return
    const turn = turnAt(this.context.now() - this.openedAt, this.context.params.epochLengthS)
    for (const proposal of this.book.proposals()) {
      if (proposal.value.turn > turn + 1) continue
      const result = await this.resultOf(proposal)
      if (!result) continue
      const signature: RoundSignature = {
        nodeId: this.context.nodeId,
        digest: result.digest,
        proposal: proposal.hash,
        signature: toHex0x(this.context.signReport(fromHex(result.digest) as Uint8Array)),
      }
      // Kept before it is released: after a crash the same signature goes out again, never another one.
      this.context.store.put(n, 'state', encodeRoundState(result.state), result.digest)
      this.context.store.put(n, 'signature', writeSignature(signature))
      this.book.add({ n, ackLists: [], proposals: [], signatures: [signature], dissents: [] })
      return
    }
  }

  private async resultOf(proposal: {
    value: Proposal
    hash: Hex
    bytes: Uint8Array
  }): Promise<RoundResult | null> {
    const known = this.results.get(proposal.hash)
    if (known) return known
    if (this.refused.has(proposal.hash)) return null
    const gathered = await this.gather(proposal.value)
    if (!gathered.ok) {
      if (gathered.final) this.refused.add(proposal.hash)
      if (gathered.why !== NOT_HERE_YET && this.nameOnce(proposal.hash)) {
        this.context.incident({
          kind: gathered.kind,
          subject: toHex0x(proposal.value.nodeId),
          round: this.input.n,
          text: `proposal of turn ${proposal.value.turn} refused: ${gathered.why}`,
        })
      }
      return null
    }
    try {
      const result = this.context.compute(gathered.input, this.context.primitives)
      this.results.set(proposal.hash, result)
      for (const list of gathered.input.lists) {
        const hash = toHex0x(ackListHash(list, this.context.primitives))
        const kept = this.book.ackListByHash(toHex0x(list.nodeId), fromHex(hash) as Uint8Array)
        if (kept) this.context.store.put(this.input.n, 'named', kept.bytes, hash)
      }
      this.context.store.put(this.input.n, 'proposal', proposal.bytes, result.digest)
      this.context.store.put(
        this.input.n,
        'frame',
        new TextEncoder().encode(writeRoundFrame(gathered.input)),
        result.digest,
      )
      this.context.store.put(this.input.n, 'scores', writeScores(result), result.digest)
      return result
    } catch (error) {
      this.refused.add(proposal.hash)
      this.context.incident({
        kind: 'compute-failed',
        subject: this.context.nodeId,
        round: this.input.n,
        text: (error as Error).message,
      })
      return null
    }
  }

  private async gather(proposal: Proposal): Promise<GatheredRound> {
    const { roster } = this.context
    if (!sameBytes(proposal.viewBlock, fromHex(this.input.next.anchor.hash) as Uint8Array)) {
      return {
        ok: false,
        final: true,
        kind: 'chain',
        why: 'it names another anchor block than this node sees',
      }
    }
    if (proposal.lists.length < roster.threshold) {
      return {
        ok: false,
        final: true,
        kind: 'header-missing',
        why: `it names ${proposal.lists.length} ack lists, wanted at least ${roster.threshold}`,
      }
    }
    const lists = proposal.lists.map(
      (named) => this.book.ackListByHash(toHex0x(named.nodeId), named.hash)?.value,
    )
    if (lists.some((list) => list === undefined))
      return { ok: false, final: false, kind: 'header-missing', why: NOT_HERE_YET }
    return computeEntries(lists as NonNullable<(typeof lists)[number]>[], this.input, this.context)
  }

  private async nameDissent(): Promise<void> {
    for (const signature of this.book.allSignatures()) {
      const own = this.results.get(signature.proposal)
      if (!own || own.digest === signature.digest || this.dissented.has(signature.nodeId)) continue
      this.dissented.add(signature.nodeId)
      const bytes = await publishDissent(this.input.n, own, signature, this.context)
      this.book.add({ n: this.input.n, ackLists: [], proposals: [], signatures: [], dissents: [bytes] })
    }
  }

  /** True the first time that something about this object is named, so that waiting does not flood the list. */
  private nameOnce(hash: Hex): boolean {
    if (this.named.has(hash)) return false
    this.named.add(hash)
    return true
  }

  private findAgreement(): Agreement | null {
    for (const proposal of this.book.proposals()) {
      const result = this.results.get(proposal.hash)
      const signatures = result ? this.book.signersOf(result.digest) : []
      if (result && signatures.length >= this.context.roster.threshold)
        return { result, signatures, proposal: proposal.value }
    }
    return null
  }
}
