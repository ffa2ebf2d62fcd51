import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createConnection, createServer } from 'node:net'

/** A server of the system, started for one test. */
export type RealServer = {
  readonly pid: number
  /** What it printed so far. */
  output(): string
  /** Ends it: SIGTERM, or the signal given. Resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Path of a program of the system, or undefined. */
export function findProgram(name: string): string | undefined {
  const places = ['/usr/sbin', '/usr/local/sbin', '/sbin']
  const found = spawnSync('sh', ['-c', `command -v ${name}`], {
    env: { PATH: [process.env.PATH ?? '', ...places].join(':') },
    encoding: 'utf8',
  }).stdout.trim()
  return found === '' ? undefined : found
}

/**
 * What a test does where a real component is missing: the reason to skip, or an error where every component is
 * required (ASSAY_REQUIRE_ALL=1). Undefined when it is there.
 */
export function missing(name: string, debianPackage: string): string | undefined {
  if (findProgram(name)) return undefined
  const reason = `${name} is not installed (apt-get install ${debianPackage})`
  if (process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(reason)
  return reason
}

/** A loopback port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Starts a program and waits until it accepts connections on `port`. */
export async function startServer(
  program: string,
  args: readonly string[],
  port: number,
): Promise<RealServer> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const hear = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-20_000)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  for (let tries = 0; !(await answers(port)); tries++) {
    if (child.exitCode !== null || tries > 600) {
      child.kill('SIGKILL')
      throw new Error(`${program} does not listen on ${port}:\n${output}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    pid: child.pid as number,
    output: () => output,
    async stop(signal = 'SIGTERM') {
      end(child, signal)
      await gone
    },
  }
}

function end(child: ChildProcess, signal: NodeJS.Signals): void {
  child.kill(signal)
  if (signal === 'SIGKILL') return
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
  child.once('close', () => clearTimeout(timer))
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
