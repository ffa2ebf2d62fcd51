import { connect, createServer, type Server, type Socket } from 'node:net'

/** A loopback port in front of another one, which a test can take away and bring back. */
export type TcpProxy = {
  readonly port: number
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>
  /** Listens again on the same port. */
  mend(): Promise<void>
  stop(): Promise<void>
}

/** A proxy to `target` on loopback. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }
  let server: Server | undefined
  let port = 0

  async function listen(): Promise<void> {
    const opened = createServer((from) => {
      const to = connect(target, '127.0.0.1')
      keep(from)
      keep(to)
      from.pipe(to).pipe(from)
    })
    await new Promise<void>((resolve, reject) => {
      opened.once('error', reject)
      opened.listen(port, '127.0.0.1', resolve)
    })
    server = opened
    port = (opened.address() as { port: number }).port
  }

  async function cut(): Promise<void> {
    const closing = server
    server = undefined
    for (const socket of sockets) socket.destroy()
    if (closing) await new Promise<void>((resolve) => closing.close(() => resolve()))
  }

  await listen()
  return { port, cut, mend: listen, stop: cut }
}
