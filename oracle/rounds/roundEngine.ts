import { fromHex, toHex0x } from '#protocol/bytes'
import { CHS1 } from '#protocol/score/methodology'
import { methodologyHash } from '#protocol/score/methodologyHash'
import { checkRoundState, decodeRoundState, type RoundState } from '#protocol/score/roundState'
import type { ChainView } from '#protocol/wire/chainView'
import { openSign1, sign1 } from '#protocol/wire/cose'
import { decodeDissent } from '#protocol/wire/dissent'
import { encodeEpochNotice } from '#protocol/wire/epochNotice'
import { rosterFingerprint } from '#protocol/wire/roster'
import type { EpochAnchor, EpochClock } from '../registry/epochClock.ts'
import { ownAckList } from './ackListBuilder.ts'
import { isDue } from './due.ts'
import { EpochTable } from './epochTable.ts'
import type { PublishedRound, RoundContext } from './ports.ts'
import { getRecord, putRecord, type RoundRecord } from './roundRecord.ts'
import { type Agreement, RoundTask } from './roundTask.ts'
import { transmitDelayMs, turnMs } from './turns.ts'

/** Posts an agreed round; resolves when it is on chain, to null when the contract already had a newer one. */
export type Transmit = (
  agreement: Agreement,
) => Promise<{ transaction: `0x${string}`; blockNumber: number; gasUsed: number } | null>

/** What the engine is wired to. */
export type RoundEngineOptions = {
  readonly context: RoundContext
  readonly clock: EpochClock
  readonly transmit: Transmit
  readonly receipt: (transaction: `0x${string}`) => Promise<{ blockNumber: number; gasUsed: number } | null>
  /** Where a round with this digest stands on chain, final or not; null while it is not there. */
  readonly posted: (
    round: number,
    digest: `0x${string}`,
    fromBlock: number,
  ) => Promise<{ transaction: `0x${string}`; blockNumber: number; gasUsed: number } | null>
  readonly deviationBp: number
  readonly pollMs: number
  /** Whether this node takes entries from the broker at this moment. */
  readonly ingesting: () => boolean
  readonly announce: (epochNotice: Uint8Array) => void
  readonly changed: (record: RoundRecord) => void
  readonly log: (level: 'info' | 'warn' | 'error', text: string, facts?: object) => void
}

/** Opens epochs, runs one round task at a time, keeps their records and transmits what is due (PROTOCOL §6). */
export class RoundEngine {
  private readonly options: RoundEngineOptions
  private readonly epochs: EpochTable
  private task: RoundTask | null = null
  private running = false
  private loop: Promise<void> = Promise.resolve()
  private ingestedSinceOpening = false
  private latestView: ChainView | null = null
  private agreedAtMs = 0
  private lookedAtMs = 0
  private skewed = false
  private trouble: { readonly key: string; readonly text: string } | null = null
  private transmitting: Promise<void> | null = null
  private wake: (() => void) | null = null

  constructor(options: RoundEngineOptions) {
    this.options = options
    this.epochs = new EpochTable(options.clock)
  }

  start(): void {
    this.running = true
    this.loop = this.run()
  }

  async stop(): Promise<void> {
    this.running = false
    this.wake?.()
    await this.loop
    await this.transmitting
  }

  /** The newest chain view that a round was built on. */
  view(): ChainView | null {
    return this.latestView
  }

  /** The newest existing epoch that this node opened. */
  newestEpoch(): EpochAnchor | undefined {
    return this.epochs.newest()
  }

  /** What this node holds of a round, for its peers. */
  published(n: number): PublishedRound | undefined {
    if (this.task?.input.n === n) return this.task.published()
    const ackList = this.options.context.store.get(n, 'ackList')
    return ackList && { n, ackLists: [ackList], proposals: [], signatures: [], dissents: [] }
  }

  private async run(): Promise<void> {
    while (this.running) {
      try {
        const opened = await this.epochs.advance()
        if (opened) await this.openEpoch(opened)
        await this.step()
        if (this.trouble) this.options.log('info', 'rounds go on', { after: this.trouble.key })
        this.trouble = null
      } catch (error) {
        this.tellTrouble(error as Error & { code?: string })
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.options.pollMs)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** What keeps rounds from going on at this moment, in words; null when nothing does. */
  problem(): string | null {
    return this.trouble?.text ?? null
  }

  /** Told once, until another trouble or none follows: an outage is one incident, not one a poll. */
  private tellTrouble(error: Error & { code?: string }): void {
    if (error.code === 'ORACLE_CHAIN_REORG') this.epochs.reset()
    const key = error.code ?? error.message
    if (this.trouble?.key === key) return
    this.trouble = { key, text: error.message }
    this.options.log('error', error.message, { code: error.code })
    // Before the feed's first block is final there is nothing to be wrong yet.
    if (error.code === 'ORACLE_CHAIN_CONFIG' && this.latestView === null) return
    this.options.context.incident({
      kind: error.code?.startsWith('ORACLE_CHAIN') ? 'chain' : 'fault',
      subject: this.options.context.nodeId,
      text: error.message,
    })
  }

  /** Epoch n' opened: announce it, close the one before, begin its round. */
  private async openEpoch(next: EpochAnchor): Promise<void> {
    const { context } = this.options
    await this.announce(next)
    context.acks.epochOpened()
    const ingesting = this.options.ingesting()
    const closing = this.epochs.before(next.n)
    if (closing && ingesting && this.ingestedSinceOpening)
      context.store.put(closing.n, 'served', Uint8Array.of(1))
    this.ingestedSinceOpening = ingesting
    const view = await context.readView(next.block)
    this.latestView = view
    await this.notePosted(view)
    this.closeTask(view)
    await this.epochs.fill(view.parent?.round ?? next.n)
    const n = this.epochs.before(next.n)?.n
    if (n === undefined || (view.parent && n <= view.parent.round)) return
    const parentState = await this.parentState(view)
    if (parentState === 'missing') return
    const served = this.epochs
      .all()
      .filter((e) => e.n <= n && e.n > (view.parent?.round ?? n - 1) && context.store.get(e.n, 'served'))
    const ackList = await ownAckList(
      n,
      served.map((e) => e.n),
      context,
    )
    const epochs = this.epochs.all()
    this.task = new RoundTask(
      {
        n,
        next: epochs.at(-1) as (typeof epochs)[number],
        view,
        epochs,
        parentState,
        ackList,
        maySign: this.maySign(view, n),
      },
      context,
    )
    this.agreedAtMs = 0
    this.save({ ...emptyRecord(n, epochs.find((e) => e.n === n)?.epochId ?? '0x', context.now()) })
    this.epochs.trim(view.parent?.round ?? n)
  }

  private async announce(epoch: EpochAnchor): Promise<void> {
    const { context } = this.options
    const payload = encodeEpochNotice({
      feedId: context.roster.feedId,
      n: epoch.n,
      epochId: fromHex(epoch.epochId) as Uint8Array,
      blockNumber: epoch.block.number,
      blockHash: fromHex(epoch.block.hash) as Uint8Array,
      timestamp: epoch.block.timestamp,
      nodeId: fromHex(context.nodeId) as Uint8Array,
    })
    this.options.announce(await sign1('assay/epoch/1', payload, context.transport))
    const skew = Math.abs(context.now() / 1000 - epoch.block.timestamp)
    const skewed = skew > 60 + context.params.epochLengthS
    if (skewed && !this.skewed) {
      context.incident({
        kind: 'clock-skew',
        subject: context.nodeId,
        text: `this node's clock is ${Math.round(skew)} s off chain time; chain time counts`,
      })
    }
    this.skewed = skewed
  }

  /** A node outside the chain's set, or of another methodology, says so and stops signing (PROTOCOL §1). */
  private maySign(view: ChainView, n: number): boolean {
    const { context } = this.options
    const inSet = view.config.signers.some((signer) => signer.address === context.nodeId)
    if (!inSet || view.config.rosterHash !== toHex0x(rosterFingerprint(context.roster))) {
      context.incident({
        kind: 'not-in-roster',
        subject: context.nodeId,
        round: n,
        text: inSet
          ? 'the roster on chain is not the one this node was given: it does not sign'
          : 'this node is not in the set on chain: it does not sign',
      })
      return false
    }
    if (methodologyHash(CHS1) !== view.methodologyHash) {
      context.incident({
        kind: 'methodology',
        subject: context.nodeId,
        round: n,
        text: `the chain names methodology ${view.methodologyHash}, this release has ${methodologyHash(CHS1)}: it does not sign`,
      })
      return false
    }
    return true
  }

  private async parentState(view: ChainView): Promise<RoundState | null | 'missing'> {
    const { context } = this.options
    if (!view.parent) return null
    const { round, digest, root } = view.parent
    const own = context.store.get(round, 'state', digest)
    if (own) return decodeRoundState(own)
    for (const peer of context.peers) {
      const bytes = await peer.state(round, digest)
      if (!bytes) continue
      try {
        const state = decodeRoundState(bytes)
        checkRoundState(state, root)
        context.store.put(round, 'state', bytes, digest)
        return state
      } catch (error) {
        context.incident({
          kind: 'state-missing',
          subject: peer.nodeId,
          round,
          text: `the state that node ${peer.nodeId} handed over does not hold: ${(error as Error).message}`,
        })
      }
    }
    context.incident({
      kind: 'state-missing',
      subject: context.nodeId,
      round,
      text: `no node hands over the state of round ${round}: this node cannot sign until the next posted round`,
    })
    return 'missing'
  }

  /** Brings the newest posted round into the records, whoever posted it. */
  private async notePosted(view: ChainView): Promise<void> {
    const { context } = this.options
    if (!view.parent) return
    const known = getRecord(context.store, view.parent.round)
    if (known?.state === 'posted') return
    const receipt = await this.options.receipt(view.parent.transaction)
    this.save({
      ...(known ?? emptyRecord(view.parent.round, '0x', context.now())),
      state: 'posted',
      digest: view.parent.digest,
      transaction: view.parent.transaction,
      blockNumber: receipt?.blockNumber ?? null,
      gasUsed: receipt?.gasUsed ?? null,
      postedAtMs: context.now(),
    })
  }

  private closeTask(view: ChainView): void {
    const task = this.task
    this.task = null
    if (!task) return
    const record = getRecord(this.options.context.store, task.input.n)
    if (!record || record.state === 'posted' || task.agreement()) return
    const posted = view.parent?.round === task.input.n
    if (posted) return
    this.save({ ...record, state: 'skipped', dissents: this.dissents(task) })
    this.options.context.incident({
      kind: 'round-skipped',
      subject: this.options.context.nodeId,
      round: task.input.n,
      text: `round ${task.input.n} closed without ${this.options.context.roster.threshold} signatures over one digest`,
    })
  }

  private async step(): Promise<void> {
    const task = this.task
    if (!task) return
    const before = task.agreement()
    const agreement = await task.tick()
    if (!agreement) return
    if (!before) {
      this.agreedAtMs = this.options.context.now()
      this.save(this.recordOf(task, agreement))
    } else if (
      getRecord(this.options.context.store, task.input.n)?.signatures.length !== agreement.signatures.length
    ) {
      this.save(this.recordOf(task, agreement))
    }
    await this.lookForPosted(task, agreement)
    this.transmitWhenDue(task, agreement)
  }

  /** Another transmitter may have been faster: seen here at once, not only when the next epoch opens. */
  private async lookForPosted(task: RoundTask, agreement: Agreement): Promise<void> {
    const { context } = this.options
    const record = getRecord(context.store, task.input.n)
    if (!record || record.state === 'posted' || this.transmitting) return
    if (context.now() - this.lookedAtMs < turnMs(context.params.epochLengthS)) return
    this.lookedAtMs = context.now()
    const { n, next } = task.input
    const found = await this.options.posted(n, agreement.result.digest, next.anchor.number)
    if (found) this.save({ ...record, state: 'posted', ...found, postedAtMs: context.now() })
  }

  private transmitWhenDue(task: RoundTask, agreement: Agreement): void {
    const { context, deviationBp } = this.options
    if (this.transmitting || getRecord(context.store, task.input.n)?.state === 'posted') return
    const { view, parentState, n } = task.input
    if (!isDue(agreement.result, view.parent, parentState, context.params.heartbeatS, deviationBp)) return
    const index = context.roster.nodes.findIndex((node) => toHex0x(node.nodeId) === context.nodeId)
    const wait = transmitDelayMs(n, index, context.roster.nodes.length, context.params.epochLengthS)
    if (context.now() - this.agreedAtMs < wait) return
    this.transmitting = this.options
      .transmit(agreement)
      .then((posted) => {
        const record = getRecord(context.store, n)
        if (posted && record) this.save({ ...record, state: 'posted', ...posted, postedAtMs: context.now() })
      })
      .catch((error: Error) => this.options.log('error', error.message, { round: n }))
      .finally(() => {
        this.transmitting = null
      })
  }

  private recordOf(task: RoundTask, agreement: Agreement): RoundRecord {
    const { context } = this.options
    const known =
      getRecord(context.store, task.input.n) ??
      emptyRecord(task.input.n, agreement.result.report.epochId, context.now())
    return {
      ...known,
      state: known.state === 'posted' ? 'posted' : 'agreed',
      epochId: agreement.result.report.epochId,
      report: agreement.result.report,
      digest: agreement.result.digest,
      signatures: agreement.signatures,
      named: agreement.proposal.lists.map((list) => ({
        nodeId: toHex0x(list.nodeId).slice(2),
        ackListHash: toHex0x(list.hash).slice(2),
      })),
      dissents: this.dissents(task),
    }
  }

  private dissents(task: RoundTask): { nodeId: string; text: string }[] {
    return task.book.dissentBytes().flatMap((bytes) => {
      for (const node of this.options.context.roster.nodes) {
        try {
          const dissent = decodeDissent(
            openSign1('assay/dissent/1', bytes, node.transportKey, this.options.context.primitives),
          )
          return [
            {
              nodeId: toHex0x(dissent.nodeId).slice(2),
              text: `against ${toHex0x(dissent.against)}: ${dissent.difference}`,
            },
          ]
        } catch {
          // Another node's key: the book only holds dissents that verify under one of them.
        }
      }
      return []
    })
  }

  private save(record: RoundRecord): void {
    putRecord(this.options.context.store, record)
    this.options.changed(record)
  }
}

function emptyRecord(n: number, epochId: `0x${string}`, openedAtMs: number): RoundRecord {
  return {
    n,
    epochId,
    state: 'open',
    openedAtMs,
    report: null,
    digest: null,
    signatures: [],
    named: [],
    dissents: [],
    transaction: null,
    blockNumber: null,
    gasUsed: null,
    postedAtMs: null,
  }
}
