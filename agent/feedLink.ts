import { toHex } from '#protocol/bytes'
import type { Primitives } from '#protocol/primitives'
import type { EventName } from '#protocol/wire/eventCodes'
import type { SpoolClass } from '#protocol/wire/header'
import { encodeRoster } from '#protocol/wire/roster'
import type { AgentDeps } from './agentDeps.ts'
import { agentError } from './agentErrors.ts'
import type { AgentSettings } from './agentSettings.ts'
import { createEnrolKeeper, type EnrolKeeper } from './enrol/enrolKeeper.ts'
import { signEnrolment } from './enrol/enrolment.ts'
import { readInventory } from './enrol/inventory.ts'
import { readToken } from './enrol/readToken.ts'
import { fetchRoster, keepRoster, keptRoster, type PinnedRoster } from './enrol/rosterSource.ts'
import type { AgentKey } from './keys/agentKey.ts'
import type { DeviceRegistry } from './keys/deviceRegistry.ts'
import type { StatePaths } from './keys/stateDirectory.ts'
import { clockSkewS } from './link/clockSkew.ts'
import type { AgreedEpoch } from './link/epochBook.ts'
import { createLink, type Link } from './link/link.ts'
import type { KnownHead } from './log/chooseBoot.ts'
import { createHeadCheck, type HeadCheck } from './log/headCheck.ts'
import { type RunFacts, reconcile } from './log/reconcile.ts'
import type { Spool } from './spool/spool.ts'

/** What the feed side of an agent works with. */
export type FeedLinkParts = {
  readonly settings: AgentSettings
  readonly paths: StatePaths
  readonly deps: AgentDeps
  readonly key: AgentKey
  readonly spool: Spool
  readonly registry: DeviceRegistry
  readonly source: () => string
  readonly primitives: Primitives
  readonly onEvent: (kind: EventName, detail: readonly number[]) => void
  readonly onFault: (error: unknown) => void
  readonly onRejected: (topic: string) => void
  readonly run: () => RunFacts
  /** Opens a boot linked to a head that this log does not lead to. */
  readonly reopen: (head: KnownHead) => Promise<void>
}

/** Everything between this agent and its oracle nodes: roster, head check, broker, enrolment, chain time. */
export type FeedLink = {
  /** Finds the roster and asks the nodes for the newest entry that they hold; never throws, null when none answers. */
  prepare(): Promise<KnownHead | null>
  /** Connects, and keeps trying for what `prepare` did not get. */
  start(): void
  stop(): Promise<void>
  /** Asks what is still open: roster, heads, enrolment. */
  tend(): Promise<void>
  renewInventory(): Promise<void>
  appended(ordinal: number, spoolClass: SpoolClass, bytes: Uint8Array): void
  isConnected(): boolean
  underWay(): number
  published(): number
  epoch(): AgreedEpoch | null
}

const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
const SKEW_AGAIN_MS = 3_600_000

/** A feed side that does nothing yet. */
export function createFeedLink(parts: FeedLinkParts): FeedLink {
  const { settings, paths, deps, key, spool, registry } = parts
  const { clock, log } = deps
  const rosterOptions = {
    nodes: settings['roster.nodes'],
    fingerprint: settings['roster.fingerprint'],
    timeoutMs: settings['roster.requestTimeout'],
    cacheFile: paths.roster,
  }
  let pinned: PinnedRoster | null = null
  let link: Link | null = null
  let heads: HeadCheck | null = null
  let keeper: EnrolKeeper | null = null
  let isEnrolled = !settings['enrol.onStart']
  let isStarted = false
  let isTending = false
  let cancelTend: (() => void) | undefined
  let pause = FIRST_PAUSE_MS
  let lastEpoch: AgreedEpoch | null = null
  let skewToldAt = Number.NEGATIVE_INFINITY

  async function findRoster(): Promise<void> {
    if (pinned || (settings['roster.nodes'].length === 0 && settings['roster.fingerprint'] === null)) return
    let found = await keptRoster(rosterOptions)
    if (!found) {
      found = await fetchRoster(rosterOptions)
      await keepRoster(rosterOptions, encodeRoster(found.roster)).catch(parts.onFault)
      if (found.pinnedBy === 'first answer')
        log.warn({ fingerprint: found.fingerprint }, 'roster pinned by first answer: set roster.fingerprint')
    }
    pinned = found
    const { roster } = found
    await spool.setRoster(
      roster.nodes.map((node) => toHex(node.nodeId)),
      roster.threshold,
    )
    const { timeoutMs } = rosterOptions
    heads = createHeadCheck(
      roster,
      { agentId: key.agentId, publicKey: key.signer.publicKey, primitives: parts.primitives, timeoutMs },
      parts.onFault,
    )
    keeper = createEnrolKeeper({
      file: paths.enrolment,
      roster,
      assets: () => registry.assets().filter((asset) => asset.isEnrolled),
      timeoutMs,
      onAnswer: (answer) => log.info(answer, 'enrolment taken'),
      onFault: parts.onFault,
    })
  }

  function connect(): void {
    if (!pinned || link || !isStarted) return
    link = createLink({
      settings,
      agentId: key.agentId,
      pinned,
      spool,
      primitives: parts.primitives,
      clock,
      random: deps.random,
      sink: {
        connected: () => log.info({ broker: new URL(settings['mqtt.url']).host }, 'broker connected'),
        disconnected: parts.onFault,
        rejected: parts.onRejected,
        fault: parts.onFault,
        epoch: checkClock,
        acked(ack, outcome) {
          if (outcome === 'conflict')
            parts.onFault(agentError('AGENT_LOG_CLONED', { boot: ack.boot, seq: ack.seq }))
          if (outcome === 'ahead') heads?.askAgain(toHex(ack.nodeId))
        },
      },
    })
    link.start()
  }

  async function checkHeads(): Promise<void> {
    const head = heads && !heads.haveAllAnswered() ? await heads.ask() : null
    if (!head) return
    const { kind } = reconcile(head, parts.run())
    if (kind === 'cloned') parts.onFault(agentError('AGENT_LOG_CLONED', { boot: head.boot, seq: head.seq }))
    if (kind === 'reopen') await parts.reopen(head)
    if (kind === 'reopen' || kind === 'rolled back') parts.onEvent('rolled_back', [head.boot, head.seq])
  }

  const statement = (inventory: string) => (): Promise<Uint8Array> =>
    signEnrolment({
      feedId: (pinned as PinnedRoster).roster.feedId,
      signer: key.signer,
      source: parts.source(),
      enrolledAtMs: clock.now(),
      assets: registry.assets().filter((asset) => asset.isEnrolled),
      inventory,
    })

  async function enrol(): Promise<void> {
    if (isEnrolled || !keeper || !registry.assets().some((asset) => asset.isEnrolled)) return
    const token = await readToken(settings['enrol.tokenFile'])
    isEnrolled = await keeper.ensure(async () => statement(await readInventory())(), token)
  }

  function checkClock(epoch: AgreedEpoch, isLive: boolean): void {
    const before = lastEpoch
    lastEpoch = epoch
    const skew = clockSkewS({
      hostNowMs: clock.now(),
      chainMs: epoch.timestamp * 1000,
      isLive,
      epochMs: before ? ((epoch.timestamp - before.timestamp) * 1000) / (epoch.n - before.n) : null,
      limitMs: settings['clock.skewLimit'],
      finalityMs: settings['clock.finalityDelay'],
    })
    if (skew === 0 || clock.monotonic() - skewToldAt < SKEW_AGAIN_MS) return
    skewToldAt = clock.monotonic()
    parts.onFault(agentError('AGENT_CLOCK_SKEW', { found: `${skew} s`, wanted: 'within the limit' }))
    parts.onEvent('clock_skew', [skew])
  }

  async function tend(): Promise<void> {
    if (isTending || !isStarted) return
    isTending = true
    // Enrolment first: nodes keep what an unknown agent publishes, but reject it until it comes again.
    for (const step of [findRoster, enrol, async () => connect(), checkHeads]) {
      if (isStarted) await step().catch(parts.onFault)
    }
    isTending = false
    cancelTend?.()
    const isSettled = (pinned || rosterOptions.nodes.length === 0) && isEnrolled
    if (isSettled || !isStarted) return
    cancelTend = clock.after(pause, () => void tend())
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
  }

  return {
    async prepare() {
      await findRoster().catch(parts.onFault)
      return heads ? heads.ask() : null
    },
    start() {
      isStarted = true
      void tend()
    },
    async stop() {
      isStarted = false
      cancelTend?.()
      await link?.stop()
      link = null
    },
    tend,
    async renewInventory() {
      if (!settings['enrol.onStart'] || !keeper) return
      try {
        const token = await readToken(settings['enrol.tokenFile'])
        await keeper.renew(statement(await readInventory()), token)
      } catch (error) {
        parts.onFault(error)
      }
    },
    appended: (ordinal, spoolClass, bytes) => link?.appended(ordinal, spoolClass, bytes),
    isConnected: () => link?.isConnected() ?? false,
    underWay: () => link?.underWay() ?? 0,
    published: () => link?.published() ?? 0,
    epoch: () => link?.epoch() ?? null,
  }
}
