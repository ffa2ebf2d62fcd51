import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer as createTls, type Server } from 'node:tls'
import { Aedes } from 'aedes'
import fc from 'fast-check'
import pino from 'pino'
import t from 'tap'
import { nobleSigner } from '#protocol/nobleSigner'
import type { EpochNotice } from '#protocol/wire/epochNotice'
import type { Roster } from '#protocol/wire/roster'
import { upTopic } from '#protocol/wire/topics'
import { clockSkewS } from '../../../agent/link/clockSkew.ts'
import { createEpochBook } from '../../../agent/link/epochBook.ts'
import { createSendWindow } from '../../../agent/link/sendWindow.ts'
import { createAuthority, noOpenssl } from '../../helpers/certs.ts'
import { testAgent, testSettings } from '../helpers/agentFixture.ts'
import { startFakeFeed } from '../helpers/fakeFeed.ts'
import { createFakeProbe } from '../helpers/fakeProbe.ts'
import { waitFor } from '../helpers/waitFor.ts'

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill)

function rosterOf(count: number, threshold: number): Roster {
  return {
    feedId: bytes(32, 1),
    configId: 1,
    nodes: Array.from({ length: count }, (_, i) => ({
      nodeId: bytes(20, i),
      transportKey: nobleSigner(bytes(32, i + 1)).publicKey,
      url: '',
    })),
    threshold,
    validFrom: 0,
    validTo: 0,
    previous: bytes(32, 0),
  }
}

t.test(
  'an epoch is quoted when M distinct nodes announced it identically, and never an older one',
  async (t) => {
    const notice = fc.record({ node: fc.nat(3), n: fc.nat(6), id: fc.nat(1) })
    fc.assert(
      fc.property(fc.array(notice, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (said, threshold) => {
        const book = createEpochBook(rosterOf(4, threshold))
        const latest = new Map<string, number>()
        let newest = -1
        for (const { node, n, id } of said) {
          const word: EpochNotice = {
            feedId: bytes(32, 1),
            n,
            epochId: bytes(32, id),
            blockNumber: n,
            blockHash: bytes(32, id),
            timestamp: n,
            nodeId: bytes(20, node),
          }
          latest.set(`${node} ${n}`, id)
          const agreeing = [0, 1, 2, 3].filter((each) => latest.get(`${each} ${n}`) === id).length
          const isAgreed = agreeing >= threshold && n > newest
          if (book.offer(word) !== isAgreed) return false
          if (isAgreed) newest = n
          if ((book.newest()?.n ?? -1) !== newest) return false
        }
        return true
      }),
      { numRuns: 1000 },
    )
    const book = createEpochBook(rosterOf(2, 1))
    t.notOk(
      book.offer({
        feedId: bytes(32, 9),
        n: 1,
        epochId: bytes(32, 0),
        blockNumber: 1,
        blockHash: bytes(32, 0),
        timestamp: 1,
        nodeId: bytes(20, 0),
      }),
      'of another feed',
    )
  },
)

t.test(
  'the window: in order, never more than its size without acks, carriers first, all of it again after a rewind',
  async (t) => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('append' as const), carries: fc.boolean() }),
      fc.record({ do: fc.constant('ack' as const), upTo: fc.nat(60) }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('rewind' as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 6 }), (steps, size) => {
        let produced = 0
        let acked = 0
        const carriers = new Set<number>()
        const window = createSendWindow(
          {
            next: (after, most) =>
              Array.from(
                { length: Math.max(0, produced - Math.max(after, acked)) },
                (_, i) => Math.max(after, acked) + 1 + i,
              ).slice(0, most),
            carriers: () => [...carriers].filter((each) => each > acked),
            ackedOrdinal: () => acked,
          },
          size,
        )
        let sent = new Set<number>()
        for (const each of steps) {
          if (each.do === 'append') {
            produced++
            if (each.carries) carriers.add(produced)
          }
          if (each.do === 'ack') acked = Math.max(acked, Math.min(each.upTo, produced))
          if (each.do === 'rewind') {
            window.rewind()
            sent = new Set()
          }
          if (each.do === 'take') {
            for (const ordinal of window.take()) {
              if (ordinal <= acked || sent.has(ordinal)) return false
              sent.add(ordinal)
            }
            const open = [...sent].filter((ordinal) => ordinal > acked)
            const plain = open.filter((ordinal) => !carriers.has(ordinal))
            if (plain.length > size) return false
            if (window.underWay() !== open.length) return false
            // Nothing is left behind: below the highest plain one in flight, everything is in flight.
            const highest = Math.max(acked, ...plain)
            for (let ordinal = acked + 1; ordinal <= highest; ordinal++) if (!sent.has(ordinal)) return false
            if (open.length === 0 && produced > acked) return false
          }
        }
        // With acks for whatever is sent, everything gets through.
        window.rewind()
        const held = new Set<number>()
        for (let rounds = 0; acked < produced; rounds++) {
          if (rounds > produced + 5) return false
          for (const ordinal of window.take()) held.add(ordinal)
          while (held.has(acked + 1)) acked++
        }
        return true
      }),
      { numRuns: 1500 },
    )
    t.pass('1500 runs')
  },
)

t.test('clock skew: behind is always wrong, ahead only beyond finality and one epoch', async (t) => {
  const base = {
    chainMs: 1_000_000_000,
    isLive: true,
    epochMs: 600_000,
    limitMs: 60_000,
    finalityMs: 900_000,
  }
  const at = (offset: number, change = {}) =>
    clockSkewS({ ...base, hostNowMs: base.chainMs + offset, ...change })
  t.equal(at(0), 0)
  t.equal(at(-60_000), 0)
  t.equal(at(-61_000), -61)
  t.equal(at(-61_000, { isLive: false, epochMs: null }), -61)
  t.equal(at(1_560_000), 0)
  t.equal(at(1_561_000), 1561)
  t.equal(at(9_000_000, { isLive: false }), 0, 'a retained announcement may be old')
  t.equal(at(9_000_000, { epochMs: null }), 0, 'the first one says nothing about its age')
})

t.test(
  'TLS with client certificates: the right ones connect, others never do',
  { skip: noOpenssl() ?? false },
  async (t) => {
    const authority = createAuthority()
    const foreign = createAuthority()
    const feed = await startFakeFeed()
    const broker = await Aedes.createBroker()
    const clients: string[] = []
    const statuses: string[] = []
    broker.on('client', (client) => clients.push(client.id))
    broker.on('publish', (packet) => {
      if (packet.topic.endsWith('/up/status')) statuses.push(packet.payload.toString())
    })
    const server: Server = createTls(
      {
        cert: readFileSync(authority.server().cert),
        key: readFileSync(authority.server().key),
        ca: readFileSync(authority.ca),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (socket) => broker.handle(socket),
    )
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(async () => {
      server.close()
      await new Promise<void>((resolve) => broker.close(resolve))
      await feed.stop()
      authority.remove()
      foreign.remove()
    })
    const url = `mqtts://localhost:${(server.address() as AddressInfo).port}`
    const good = authority.client('agent-1')
    const settings = testSettings(t.testdir(), feed, {
      'mqtt.url': url,
      'mqtt.tls.caFile': authority.ca,
      'mqtt.tls.certFile': good.cert,
      'mqtt.tls.keyFile': good.key,
    })
    const agent = testAgent(t, settings, createFakeProbe(1))
    const { agentId } = await agent.start()
    await waitFor('online', () => statuses.includes('{"state":"online"}'))
    t.same(clients, [`assay-${agentId.slice(0, 16)}`])
    await agent.stop()
    t.equal(statuses.at(-1), '{"state":"offline"}')
    t.equal(upTopic('f', 'a', 'status'), 'assay/1/f/a/up/status')

    const other = foreign.client('agent-1')
    const wrongs = {
      'no certificate': { 'mqtt.tls.certFile': null, 'mqtt.tls.keyFile': null },
      'a certificate of a foreign authority': {
        'mqtt.tls.certFile': other.cert,
        'mqtt.tls.keyFile': other.key,
      },
      'a broker of a foreign authority': { 'mqtt.tls.caFile': foreign.ca },
      'another server name': { 'mqtt.tls.serverName': 'broker.example' },
      'a file that is not there': { 'mqtt.tls.caFile': join(t.testdir(), 'none.pem') },
    }
    for (const [name, change] of Object.entries(wrongs)) {
      clients.length = 0
      const lines: string[] = []
      const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) })
      const wrong = testAgent(t, { ...settings, ...change }, createFakeProbe(1), { log })
      await wrong.start()
      await waitFor(`${name} to be refused`, () =>
        lines.some((line) => /AGENT_BROKER_UNREACHABLE|AGENT_TLS_FILE/.test(line)),
      )
      t.same(clients, [], name)
      await wrong.stop()
    }
  },
)
