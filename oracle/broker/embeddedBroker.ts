import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { Aedes, type Client } from 'aedes'
import { oracleError } from '../oracleErrors.ts'
import { type Identity, mayPublish, maySubscribe, type Roles } from './brokerAcl.ts'
import { createFrameGuard } from './frameGuard.ts'

/** TLS files in PEM; clients must show a certificate that `ca` signed. */
export type BrokerTls = { readonly ca: string; readonly cert: string; readonly key: string }

export type BrokerSettings = {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly tls?: BrokerTls
  readonly roles?: Roles
  readonly maxPacketBytes?: number
}

export type BrokerCounters = {
  readonly clients: number
  readonly published: number
  readonly refusedPublishes: number
  readonly refusedSubscriptions: number
  readonly oversized: number
}

export type EmbeddedBroker = {
  readonly url: string
  readonly port: number
  counters(): BrokerCounters
  stop(): Promise<void>
}

const MAX_PACKET_BYTES = 300 * 1024
const LOOPBACK = ['127.0.0.1', '::1', 'localhost']

/**
 * Starts an MQTT 3.1.1 broker in this process (aedes, in memory, no shared subscriptions): for one machine and small
 * sites. With TLS every client shows a certificate and may touch only its own topics; without TLS it listens on
 * loopback only, open to the machine.
 * @throws AssayError ORACLE_BROKER_OPEN or ORACLE_BROKER_LISTEN
 */
export async function startEmbeddedBroker(settings: BrokerSettings): Promise<EmbeddedBroker> {
  const { host, port, tls, roles = { nodes: [], operators: [] } } = settings
  if (!tls && !LOOPBACK.includes(host)) throw oracleError('ORACLE_BROKER_OPEN', { host })
  const maxPacketBytes = settings.maxPacketBytes ?? MAX_PACKET_BYTES
  const counters = { clients: 0, published: 0, refusedPublishes: 0, refusedSubscriptions: 0, oversized: 0 }
  const identities = new WeakMap<Client, Identity>()
  const broker = await Aedes.createBroker({
    drainTimeout: 15_000,
    maxClientsIdLength: 64,
    maxTopicLevels: 8,
    preConnect(client, _packet, done) {
      identities.set(client, tls ? commonName(client.conn as TLSSocket) : null)
      done(null, true)
    },
    authorizePublish(client, packet, done) {
      const identity = client ? (identities.get(client) ?? null) : null
      if (client && !mayPublish(identity, packet.topic, roles)) {
        counters.refusedPublishes += 1
        // 3.1.1 has no refusal of a publish: the connection ends.
        return done(new Error(`${identity ?? 'a client'} may not publish to ${packet.topic}`))
      }
      counters.published += 1
      done(null)
    },
    authorizeSubscribe(client, subscription, done) {
      if (maySubscribe(identities.get(client) ?? null, subscription.topic, roles))
        return done(null, subscription)
      counters.refusedSubscriptions += 1
      done(null, null)
    },
  })
  const sockets = new Set<Socket>()

  function accept(socket: Socket): void {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    guard(socket, maxPacketBytes, () => {
      counters.oversized += 1
    })
    broker.handle(socket)
  }

  let server: Server
  try {
    server = tls
      ? createTlsServer(
          {
            ca: readFileSync(tls.ca),
            cert: readFileSync(tls.cert),
            key: readFileSync(tls.key),
            requestCert: true,
            rejectUnauthorized: true,
            minVersion: 'TLSv1.2',
          },
          accept,
        )
      : createServer(accept)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
  } catch (cause) {
    await new Promise<void>((resolve) => broker.close(() => resolve()))
    throw oracleError('ORACLE_BROKER_LISTEN', { host, port, found: (cause as Error).message }, cause)
  }
  const bound = (server.address() as { port: number }).port
  return {
    url: `${tls ? 'mqtts' : 'mqtt'}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    counters: () => ({ ...counters, clients: broker.connectedClients }),
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await new Promise<void>((resolve) => broker.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Every chunk that the broker reads passes the guard; a packet that is too long ends the connection. */
function guard(socket: Socket, maxPacketBytes: number, onOversized: () => void): void {
  const within = createFrameGuard(maxPacketBytes)
  const read = socket.read.bind(socket)
  socket.read = (size?: number) => {
    const chunk = read(size) as Buffer | null
    if (chunk && !within(chunk)) {
      onOversized()
      socket.destroy()
      return null
    }
    return chunk
  }
}

/** Common name of a client certificate; a name that nobody has when there is none. */
function commonName(socket: TLSSocket): string {
  const name = socket.getPeerCertificate()?.subject?.CN
  return typeof name === 'string' ? name : ''
}
