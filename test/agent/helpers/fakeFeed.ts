import { createServer as createHttp, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Aedes, type AedesPublishPacket } from 'aedes'
import { concat, toHex, utf8 } from '#protocol/bytes'
import { nobleSigner } from '#protocol/nobleSigner'
import { createNodePrimitives } from '#protocol/node/nodePrimitives'
import type { Signer } from '#protocol/primitives'
import { encodeAck } from '#protocol/wire/ack'
import { openSign1, sign1, verifySign1 } from '#protocol/wire/cose'
import { decodeEnrolment, type Enrolment } from '#protocol/wire/enrolment'
import { checkBodies, type Entry, parseEntry } from '#protocol/wire/entry'
import { encodeEpochNotice } from '#protocol/wire/epochNotice'
import type { Tombstone } from '#protocol/wire/header'
import { encodeRoster, type Roster, rosterFingerprint } from '#protocol/wire/roster'
import { downTopic, epochTopic, parseUpTopic } from '#protocol/wire/topics'

const primitives = createNodePrimitives()
const NONE = '0'.repeat(64)

/** One oracle node as far as an agent meets it: verifies, links, keeps, acks; HTTP for roster, head and enrolment. */
export type FakeNode = {
  readonly nodeId: Uint8Array
  readonly signer: Signer
  url: string
  isDown: boolean
  /** Whether it acks what it holds. */
  acks: boolean
  /** Entries on the chain, in order. */
  readonly chain: Entry[]
  /** Every authentic entry ever received, repeats included. */
  readonly seen: Entry[]
  readonly enrolments: Enrolment[]
  /** Answer of POST /enrol. */
  enrolStatus: number
  lastToken: string | undefined
}

/** N nodes, their roster and one broker, all on loopback. */
export type FakeFeed = {
  readonly nodes: FakeNode[]
  readonly roster: Roster
  readonly feedHex: string
  readonly fingerprint: string
  brokerUrl: string
  readonly statuses: string[]
  /** Public key of the agent, learnt from its enrolment or set by a test. */
  agentKey: Uint8Array | null
  announceEpoch(n: number, timestamp: number, by?: readonly FakeNode[]): Promise<void>
  publish(topic: string, bytes: Uint8Array): void
  stopBroker(): Promise<void>
  startBroker(): Promise<void>
  stop(): Promise<void>
}

const secret = (name: string): Uint8Array => primitives.sha256(utf8(`fake feed ${name}`))

/** Starts everything. */
export async function startFakeFeed(count = 3, threshold = 2): Promise<FakeFeed> {
  const feedId = secret('feed')
  const feedHex = toHex(feedId)
  const nodes: FakeNode[] = []
  const https: { close(): void }[] = []
  const feed = {} as { -readonly [K in keyof FakeFeed]: FakeFeed[K] }
  for (let i = 0; i < count; i++) {
    const node: FakeNode = {
      nodeId: secret(`id ${i}`).slice(0, 20),
      signer: nobleSigner(secret(`key ${i}`)),
      url: '',
      isDown: false,
      acks: true,
      chain: [],
      seen: [],
      enrolments: [],
      enrolStatus: 200,
      lastToken: undefined,
    }
    const http = createHttp((request, response) => {
      if (node.isDown) {
        request.socket.destroy()
        return
      }
      answer(node, request).then(
        ({ status, body }) => response.writeHead(status).end(body),
        (error) => response.writeHead(500).end(String(error)),
      )
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    http.unref()
    https.push({ close: () => http.closeAllConnections() ?? http.close() })
    node.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    nodes.push(node)
  }
  const roster: Roster = {
    feedId,
    configId: 1,
    nodes: nodes.map(({ nodeId, signer, url }) => ({ nodeId, transportKey: signer.publicKey, url })),
    threshold,
    validFrom: 0,
    validTo: 0,
    previous: new Uint8Array(32),
  }

  async function answer(
    node: FakeNode,
    request: IncomingMessage,
  ): Promise<{ status: number; body: string | Uint8Array }> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    if (request.url === '/roster') return { status: 200, body: encodeRoster(roster) }
    if (request.url?.endsWith('/head')) {
      const head = node.chain.at(-1)
      if (!head) return { status: 404, body: '{}' }
      return {
        status: 200,
        body: JSON.stringify({
          boot: head.header.boot,
          seq: head.header.seq,
          hash: toHex(head.hash),
          ack: toHex(await ackOf(node, head)),
          header: toHex(head.cose),
        }),
      }
    }
    if (request.url === '/enrol') {
      node.lastToken = request.headers.authorization
      if (node.enrolStatus !== 200)
        return { status: node.enrolStatus, body: JSON.stringify({ code: 'ORACLE_TEST', message: 'no' }) }
      const bytes = new Uint8Array(Buffer.concat(parts))
      const enrolment = decodeEnrolment(payloadOf(bytes))
      openSign1('assay/enrolment/1', bytes, enrolment.publicKey, primitives)
      feed.agentKey = enrolment.publicKey
      node.enrolments.push(enrolment)
      return { status: 200, body: JSON.stringify({ agentId: '', state: 'pending' }) }
    }
    return { status: 404, body: '{}' }
  }

  let aedes: Aedes | undefined
  let server: Server | undefined
  let sockets = new Set<Socket>()
  let port = 0

  async function startBroker(): Promise<void> {
    aedes = await Aedes.createBroker()
    const broker = aedes
    broker.on('publish', (packet: AedesPublishPacket, client) => {
      if (client) void receive(packet.topic, new Uint8Array(packet.payload as Buffer))
    })
    server = createServer((socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      broker.handle(socket)
    })
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
    feed.brokerUrl = `mqtt://127.0.0.1:${port}`
  }

  async function stopBroker(): Promise<void> {
    for (const socket of sockets) socket.destroy()
    sockets = new Set()
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()))
    await new Promise<void>((resolve) => (aedes ? aedes.close(() => resolve()) : resolve()))
    server = undefined
    aedes = undefined
  }

  const publish = (topic: string, bytes: Uint8Array): void => {
    aedes?.publish(
      { cmd: 'publish', topic, payload: Buffer.from(bytes), qos: 1, dup: false, retain: false },
      () => {},
    )
  }

  async function receive(topic: string, bytes: Uint8Array): Promise<void> {
    const up = parseUpTopic(topic)
    if (!up) return
    if (up.kind === 'status') {
      feed.statuses.push(Buffer.from(bytes).toString())
      return
    }
    const entry = parseEntry(bytes, primitives)
    if (feed.agentKey && !verifySign1(entry.sign1, feed.agentKey, primitives)) return
    checkBodies(entry, primitives)
    for (const node of nodes) {
      if (node.isDown) continue
      node.seen.push(entry)
      take(node, entry)
      const head = node.chain.at(-1)
      if (head && node.acks) publish(downTopic(feedHex, up.agentId, 'ack'), await ackOf(node, head))
    }
  }

  feed.nodes = nodes
  feed.roster = roster
  feed.feedHex = feedHex
  feed.fingerprint = toHex(rosterFingerprint(roster))
  feed.statuses = []
  feed.agentKey = null
  feed.publish = publish
  feed.startBroker = startBroker
  feed.stopBroker = stopBroker
  feed.announceEpoch = async (n, timestamp, by = nodes) => {
    for (const node of by) {
      const notice = encodeEpochNotice({
        feedId,
        n,
        epochId: primitives.sha256(concat(utf8('epoch'), new Uint8Array([n % 256]))),
        blockNumber: n,
        blockHash: secret(`block ${n}`),
        timestamp,
        nodeId: node.nodeId,
      })
      publish(epochTopic(feedHex), await sign1('assay/epoch/1', notice, node.signer))
    }
  }
  feed.stop = async () => {
    await stopBroker()
    for (const http of https) http.close()
  }
  await startBroker()
  return feed
}

function payloadOf(cose: Uint8Array): Uint8Array {
  // The key is inside the payload: opened here without it, verified right after.
  let payload = new Uint8Array()
  const spy = {
    sha256: primitives.sha256,
    verifyP256: () => true,
  }
  payload = new Uint8Array(openSign1('assay/enrolment/1', cose, new Uint8Array(65), spy))
  return payload
}

function ackOf(node: FakeNode, head: Entry): Promise<Uint8Array> {
  const { agentId, boot, seq } = head.header
  return sign1(
    'assay/ack/1',
    encodeAck({ nodeId: node.nodeId, agentId, boot, seq, hash: head.hash }),
    node.signer,
  )
}

const waiting = new WeakMap<FakeNode, Map<string, Entry[]>>()
const holes = new WeakMap<FakeNode, Map<string, Tombstone>>()

/** Links an entry as a node does: gapless, over tombstones, a later boot on any ancestor. */
function take(node: FakeNode, entry: Entry): void {
  const byPrev = waiting.get(node) ?? new Map<string, Entry[]>()
  waiting.set(node, byPrev)
  const tombstones = holes.get(node) ?? new Map<string, Tombstone>()
  holes.set(node, tombstones)
  for (const each of entry.header.tombstones) tombstones.set(toHex(each.firstPrev), each)
  const key = toHex(entry.header.prev)
  const siblings = byPrev.get(key) ?? []
  if (!siblings.some((each) => toHex(each.hash) === toHex(entry.hash))) siblings.push(entry)
  byPrev.set(key, siblings)
  const head = node.chain.at(-1)
  const isLaterBoot = head && entry.header.boot > head.header.boot
  if (isLaterBoot && node.chain.some((each) => toHex(each.hash) === key)) node.chain.push(entry)
  for (;;) {
    const last = node.chain.at(-1)
    let at = last ? toHex(last.hash) : NONE
    let next = byPrev.get(at)?.at(-1)
    for (let hops = 0; !next && tombstones.has(at) && hops < 1000; hops++) {
      at = toHex((tombstones.get(at) as Tombstone).lastHash)
      next = byPrev.get(at)?.at(-1)
    }
    if (!next) return
    node.chain.push(next)
  }
}
