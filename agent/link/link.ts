import type { Socket } from 'node:net'
import { connect, type MqttClient } from 'mqtt'
import { sameBytes, toHex } from '#protocol/bytes'
import type { Primitives } from '#protocol/primitives'
import type { Ack } from '#protocol/wire/ack'
import { type Ask, decodeAsk } from '#protocol/wire/ask'
import type { SpoolClass } from '#protocol/wire/header'
import { downTopic, epochTopic, type UpKind, upTopic } from '#protocol/wire/topics'
import { agentError } from '../agentErrors.ts'
import type { AgentSettings } from '../agentSettings.ts'
import type { Clock } from '../clock.ts'
import type { PinnedRoster } from '../enrol/rosterSource.ts'
import type { AckOutcome, Spool } from '../spool/spool.ts'
import { type AgreedEpoch, createEpochBook } from './epochBook.ts'
import { mqttOptions } from './mqttOptions.ts'
import { createNodeWords } from './nodeWord.ts'
import { createSendWindow } from './sendWindow.ts'

/** What the link works with. */
export type LinkParts = {
  readonly settings: AgentSettings
  readonly agentId: Uint8Array
  readonly pinned: PinnedRoster
  readonly spool: Spool
  readonly primitives: Primitives
  readonly clock: Clock
  readonly random: () => number
  readonly sink: LinkSink
}

/** What the rest of the agent hears of the link. */
export type LinkSink = {
  connected(): void
  /** Called once per outage and cause. */
  disconnected(error: unknown): void
  acked(ack: Ack, outcome: AckOutcome): void
  epoch(epoch: AgreedEpoch, isLive: boolean): void
  /** Something arrived that no node of the roster signed for this agent. */
  rejected(topic: string): void
  /** The spool could not be read or written while the link used it. */
  fault(error: unknown): void
}

/** The connection to the broker. */
export type Link = {
  start(): void
  /** Says goodbye and closes; entries not acked stay in the spool. */
  stop(): Promise<void>
  /** A new entry is durable: publishes it if the window has room. */
  appended(ordinal: number, spoolClass: SpoolClass, bytes: Uint8Array): void
  isConnected(): boolean
  /** Entries published and not acked by enough nodes. */
  underWay(): number
  epoch(): AgreedEpoch | null
  published(): number
}

const KIND_OF: Readonly<Record<SpoolClass, UpKind>> = {
  telemetry: 'batch',
  event: 'event',
  evidence: 'evidence',
}
const FIRST_PAUSE_MS = 1000
const MOST_FRESH = 16
const MOST_BACKOFF = 16
const ASK_EVERY_MS = 1000

/** A link that is not connected yet; the constructor opens nothing. */
export function createLink(parts: LinkParts): Link {
  const { settings, spool, clock, sink, agentId } = parts
  const { roster, feedHex } = parts.pinned
  const agentHex = toHex(agentId)
  const words = createNodeWords(roster, parts.primitives)
  const epochs = createEpochBook(roster)
  const sendWindow = createSendWindow(spool, settings['mqtt.window'])
  const topics = {
    ack: downTopic(feedHex, agentHex, 'ack'),
    ask: downTopic(feedHex, agentHex, 'ask'),
    epoch: epochTopic(feedHex),
    status: upTopic(feedHex, agentHex, 'status'),
  }
  /** Bytes of the newest entries, so that they need not be read back from the disk. */
  const fresh = new Map<number, { class: SpoolClass; bytes: Uint8Array }>()
  const lastAsk = new Map<string, number>()
  let client: MqttClient | undefined
  let isUp = false
  let isStopped = true
  let isPumping = false
  let attempts = 0
  let published = 0
  let backoff = 1
  let progressAt = 0
  let lastFault = ''
  let cancelRetry: (() => void) | undefined
  let cancelWatch: (() => void) | undefined

  async function open(): Promise<void> {
    let opened: MqttClient
    try {
      opened = connect(settings['mqtt.url'], await mqttOptions(settings, feedHex, agentId))
    } catch (error) {
      lost(error)
      return
    }
    if (isStopped) {
      opened.end(true)
      return
    }
    client = opened
    let fault: unknown
    opened.on('error', (error) => {
      fault = error
    })
    opened.once('connect', () => {
      // Small packets must not wait for the acknowledgement of the ones before (Nagle): that costs an event 40 ms.
      ;(opened.stream as Partial<Socket>).setNoDelay?.(true)
      up(opened)
    })
    opened.on('message', (topic, payload, packet) => {
      receive(topic, new Uint8Array(payload), packet.retain).catch(fail)
    })
    opened.once('close', () => {
      opened.end(true)
      opened.removeAllListeners('message')
      if (client === opened) lost(fault ?? new Error('the broker closed the connection'))
    })
  }

  function up(opened: MqttClient): void {
    opened.subscribe([topics.ack, topics.ask, topics.epoch], { qos: 1 }, (error, granted) => {
      const refused = granted?.some((each) => (each.qos as number) >= 128)
      if (error || refused) opened.end(true)
      else if (client === opened && !isStopped) ready(opened)
    })
  }

  function ready(opened: MqttClient): void {
    isUp = true
    attempts = 0
    lastFault = ''
    opened.publish(topics.status, JSON.stringify({ state: 'online' }), { qos: 1, retain: true })
    sendWindow.rewind()
    progressAt = clock.monotonic()
    watch()
    sink.connected()
    pump().catch(fail)
  }

  function lost(error: unknown): void {
    client = undefined
    isUp = false
    cancelWatch?.()
    if (isStopped) return
    const cause = (error as { code?: string }).code === 'AGENT_TLS_FILE' ? error : unreachable(error)
    if (String(cause) !== lastFault) sink.disconnected(cause)
    lastFault = String(cause)
    const longest = Math.min(settings['mqtt.reconnectMax'], FIRST_PAUSE_MS * 2 ** attempts)
    attempts = Math.min(attempts + 1, 20)
    // Drawn from the whole span: after a broker restart thousands of agents must not come at once.
    cancelRetry = clock.after(Math.max(50, parts.random() * longest), () => void open())
  }

  /** After a stop the spool is closed: what was still under way then is no fault. */
  function fail(error: unknown): void {
    if (!isStopped) sink.fault(error)
  }

  function unreachable(error: unknown): Error {
    const { code, message } = error as { code?: string | number; message?: string }
    const url = settings['mqtt.url'].replace(/\/\/[^@/]*@/, '//')
    return agentError('AGENT_BROKER_UNREACHABLE', { url, found: message || code || String(error) }, error)
  }

  /** Sends everything unacked again when the acks stay out; slower and slower while none come. */
  function watch(): void {
    cancelWatch = clock.after(settings['mqtt.resendAfter'] * backoff, () => {
      const idle = clock.monotonic() - progressAt
      if (sendWindow.underWay() > 0 && idle >= settings['mqtt.resendAfter'] * backoff) {
        backoff = Math.min(2 * backoff, MOST_BACKOFF)
        progressAt = clock.monotonic()
        sendWindow.rewind()
        pump().catch(fail)
      }
      if (isUp) watch()
    })
  }

  async function pump(): Promise<void> {
    if (isPumping) return
    isPumping = true
    try {
      for (let taken = isUp ? sendWindow.take() : []; taken.length > 0; taken = isUp ? sendWindow.take() : [])
        for (const ordinal of taken) await publish(ordinal)
    } finally {
      isPumping = false
    }
  }

  async function publish(ordinal: number): Promise<void> {
    const entry = fresh.get(ordinal) ?? (await spool.read(ordinal))
    fresh.delete(ordinal)
    if (!entry || !isUp || !client) return
    const { bytes } = entry
    const payload = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    client.publish(upTopic(feedHex, agentHex, KIND_OF[entry.class]), payload, { qos: 1 })
    published++
  }

  async function receive(topic: string, bytes: Uint8Array, isRetained: boolean): Promise<void> {
    if (isStopped) return
    if (topic === topics.ack) await receiveAck(topic, bytes)
    else if (topic === topics.epoch) receiveEpoch(topic, bytes, !isRetained)
    else if (topic === topics.ask) await receiveAsk(bytes)
  }

  async function receiveAck(topic: string, bytes: Uint8Array): Promise<void> {
    const ack = words.ack(bytes)
    if (!ack || !sameBytes(ack.agentId, agentId)) return sink.rejected(topic)
    const outcome = await spool.acked(toHex(ack.nodeId), ack, ack.hash)
    if (outcome === 'advanced') {
      progressAt = clock.monotonic()
      backoff = 1
      for (const ordinal of fresh.keys()) if (ordinal <= spool.ackedOrdinal()) fresh.delete(ordinal)
      pump().catch(fail)
    }
    sink.acked(ack, outcome)
  }

  function receiveEpoch(topic: string, bytes: Uint8Array, isLive: boolean): void {
    const notice = words.epochNotice(bytes)
    if (!notice) {
      sink.rejected(topic)
      return
    }
    const isNew = epochs.offer(notice)
    const epoch = epochs.newest()
    if (isNew && epoch) sink.epoch(epoch, isLive)
  }

  /** An ask is a hint: it is answered from what is held, at most once a second per node. */
  async function receiveAsk(bytes: Uint8Array): Promise<void> {
    let ask: Ask
    try {
      ask = decodeAsk(bytes)
    } catch {
      return sink.rejected(topics.ask)
    }
    const nodeId = toHex(ask.nodeId)
    const isNode = roster.nodes.some((node) => sameBytes(node.nodeId, ask.nodeId))
    if (!isNode || !sameBytes(ask.agentId, agentId)) return sink.rejected(topics.ask)
    if (clock.monotonic() - (lastAsk.get(nodeId) ?? Number.NEGATIVE_INFINITY) < ASK_EVERY_MS) return
    lastAsk.set(nodeId, clock.monotonic())
    const after = ask.after ? (spool.ordinalOf(ask.after) ?? 0) : 0
    const to = spool.ordinalOf(ask.to) ?? Number.POSITIVE_INFINITY
    for (const ordinal of spool.next(after, settings['mqtt.window']))
      if (ordinal <= to) await publish(ordinal)
  }

  return {
    start() {
      isStopped = false
      void open()
    },
    async stop() {
      isStopped = true
      cancelRetry?.()
      cancelWatch?.()
      const closing = client
      client = undefined
      if (!closing) return
      if (isUp) {
        isUp = false
        const status = JSON.stringify({ state: 'offline' })
        await settled(1000, (done) => closing.publish(topics.status, status, { qos: 1, retain: true }, done))
      }
      await settled(1000, (done) => closing.end(false, {}, done))
      closing.end(true)
    },
    appended(ordinal, spoolClass, bytes) {
      if (!isUp) return
      fresh.set(ordinal, { class: spoolClass, bytes })
      if (fresh.size > MOST_FRESH) fresh.delete(fresh.keys().next().value as number)
      pump().catch(fail)
    },
    isConnected: () => isUp,
    underWay: () => (isUp ? sendWindow.underWay() : 0),
    epoch: () => epochs.newest(),
    published: () => published,
  }

  /** Waits for a callback, but not for ever. */
  function settled(ms: number, begin: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(ms, resolve)
      begin(() => {
        cancel()
        resolve()
      })
    })
  }
}
