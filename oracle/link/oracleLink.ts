import { connect, type MqttClient } from 'mqtt'
import type { AssayError } from '#protocol/assayError'
import type { Signer } from '#protocol/primitives'
import type { LogHead } from '#protocol/wire/ackList'
import { encodeAsk } from '#protocol/wire/ask'
import { downTopic, epochTopic, parseUpTopic } from '#protocol/wire/topics'
import { hexKey } from '../archive/hexKey.ts'
import type { Gap } from '../ingest/gapWatch.ts'
import type { Ingest } from '../ingest/ingest.ts'
import { oracleError } from '../oracleErrors.ts'
import { createAckWriter } from './ackWriter.ts'
import { type LinkSettings, mqttOptions } from './linkSettings.ts'

export type { LinkSettings }

export type LinkState = 'connecting' | 'connected' | 'stopped'
export type LinkCounters = {
  readonly received: number
  readonly acks: number
  readonly asks: number
  readonly notices: number
  readonly connects: number
  /** Messages that carry no log entry (status hints, statements) or no known topic. */
  readonly ignored: number
}

export type OracleLinkOptions = {
  readonly settings: LinkSettings
  /** Feed id in hex without 0x. */
  readonly feed: string
  /** 20-byte report address. */
  readonly nodeId: Uint8Array
  /** Transport key: signs acks. */
  readonly signer: Signer
  readonly ingest: Pick<Ingest, 'receive' | 'hasRoom' | 'ready'>
  readonly log: { info(facts: object, text: string): void; warn(facts: object, text: string): void }
  readonly onState?: (state: LinkState) => void
  /** Takes every node's ack as it goes to an agent (COSE), this node's own among them. */
  readonly onPeerAck?: (cose: Uint8Array) => void
}

/** A node's side of MQTT: entries in, acks, asks and epoch notices out. */
export type OracleLink = {
  /** Connects in the background and for as long as it runs. @throws AssayError ORACLE_MQTT_FILE */
  start(): void
  stop(): Promise<void>
  /** Resolves once connected and subscribed. */
  connected(): Promise<void>
  state(): LinkState
  /** Publishes acks of these heads, coalesced per agent. */
  ackHeads(heads: readonly LogHead[]): void
  /** The COSE ack of a head, as agents fetch it over HTTP. */
  signedAck(head: LogHead): Promise<Uint8Array>
  /** Announces an epoch (COSE `assay/epoch/1`), again and again until the next one, for agents that connect late. */
  publishEpochNotice(cose: Uint8Array): void
  ask(gap: Gap): void
  counters(): LinkCounters
}

const NOTICE_EVERY_MS = 15_000
const SUBSCRIBE_AGAIN_MS = 5_000
const RECONNECT_MS = { least: 250, most: 10_000 }

/** The link of one node. Reconnects with growing, jittered pauses; a full ingest stops reading from the broker. */
export function createOracleLink(options: OracleLinkOptions): OracleLink {
  const { settings, feed, nodeId, ingest, log } = options
  const plain = `assay/1/${feed}/+/up/+`
  const filter = settings.shared ? `$share/${hexKey(nodeId)}/${plain}` : plain
  const ackFilter = `assay/1/${feed}/+/down/ack`
  const counters = { received: 0, acks: 0, asks: 0, notices: 0, connects: 0, ignored: 0 }
  const acks = createAckWriter({
    nodeId,
    signer: options.signer,
    everyMs: settings.ackEveryMs,
    canSend: () => state === 'connected',
    send(agentId, cose) {
      counters.acks += 1
      publish(downTopic(feed, agentId, 'ack'), cose)
    },
  })
  let client: MqttClient | undefined
  let state: LinkState = 'stopped'
  let failures = 0
  let notice: Uint8Array | undefined
  let noticeTimer: NodeJS.Timeout | undefined
  let subscribeTimer: NodeJS.Timeout | undefined
  const waiters: (() => void)[] = []

  function setState(next: LinkState): void {
    if (state === next) return
    state = next
    options.onState?.(next)
    if (next !== 'connected') return
    for (const resolve of waiters.splice(0)) resolve()
    if (notice) announce()
  }

  function publish(topic: string, payload: Uint8Array): void {
    // While away nothing is queued: heads stay dirty, gaps and notices come again.
    if (state === 'connected') client?.publish(topic, Buffer.from(payload), { qos: 1 })
  }

  function announce(): void {
    if (!notice) return
    if (state === 'connected') counters.notices += 1
    publish(epochTopic(feed), notice)
  }

  function problem(error: Error): void {
    log.warn({ code: (error as AssayError).code, url: settings.url }, error.message)
  }

  function subscribe(on: MqttClient): void {
    on.subscribe([filter, ackFilter], { qos: 1 }, (error, granted) => {
      if (client !== on || !on.connected) return
      const refused = granted?.some((grant) => grant.qos === 128)
      if (!error && !refused) {
        log.info({ url: settings.url, filter }, 'subscribed to the feed')
        return setState('connected')
      }
      problem(oracleError('ORACLE_MQTT_SUBSCRIBE', { filter, found: error?.message ?? 'refused' }, error))
      subscribeTimer = setTimeout(() => subscribe(on), SUBSCRIBE_AGAIN_MS)
    })
  }

  function received(topic: string, payload: Uint8Array): void {
    if (topic.startsWith(`assay/1/${feed}/`) && topic.endsWith('/down/ack')) {
      options.onPeerAck?.(new Uint8Array(payload))
      return
    }
    const parsed = parseUpTopic(topic)
    if (!parsed || parsed.feed !== feed || parsed.kind === 'status' || parsed.kind === 'statement') {
      counters.ignored += 1
      return
    }
    counters.received += 1
    void ingest.receive(parsed.agentId, payload)
  }

  function open(): MqttClient {
    const made = connect(settings.url, mqttOptions(settings))
    made.handleMessage = (packet, done) => {
      received(packet.topic, packet.payload as Buffer)
      if (ingest.hasRoom()) done()
      else void ingest.ready().then(() => done())
    }
    made.on('connect', () => {
      failures = 0
      counters.connects += 1
      subscribe(made)
    })
    made.on('close', () => {
      clearTimeout(subscribeTimer)
      if (state === 'stopped') return
      setState('connecting')
      failures += 1
      const most = Math.min(RECONNECT_MS.most, RECONNECT_MS.least * 2 ** Math.min(failures, 10))
      made.options.reconnectPeriod = RECONNECT_MS.least + Math.random() * (most - RECONNECT_MS.least)
    })
    made.on('error', problem)
    made.connect()
    return made
  }

  return {
    start() {
      setState('connecting')
      client = open()
      noticeTimer = setInterval(announce, NOTICE_EVERY_MS)
    },
    async stop() {
      setState('stopped')
      clearInterval(noticeTimer)
      clearTimeout(subscribeTimer)
      acks.stop()
      const ending = client
      client = undefined
      await ending?.endAsync(true)
    },
    connected: () =>
      state === 'connected' ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve)),
    state: () => state,
    ackHeads: (heads) => acks.push(heads),
    signedAck: (head) => acks.sign(head),
    publishEpochNotice(cose) {
      notice = cose
      announce()
    },
    ask(gap) {
      if (state !== 'connected') return
      counters.asks += 1
      const { after, before, agentId } = gap
      const ask = encodeAsk({
        nodeId,
        agentId,
        after: after && { boot: after.boot, seq: after.seq },
        to: before,
      })
      publish(downTopic(feed, hexKey(agentId), 'ask'), ask)
    },
    counters: () => ({ ...counters }),
  }
}
