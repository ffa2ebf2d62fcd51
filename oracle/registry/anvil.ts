import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Hex } from '#protocol/wire/chainView'
import { oracleError } from '../oracleErrors.ts'
import { rpcCall } from './rpcCall.ts'

export type AnvilOptions = {
  /** Default 31337. */
  readonly chainId?: number
  /** Seconds between blocks; 0 mines each transaction at once. Default 1. */
  readonly blockTimeS?: number
  /** Further arguments for anvil. */
  readonly args?: readonly string[]
}

/** A chain of this machine that ends with the process that started it. */
export type LocalChain = {
  readonly url: string
  readonly chainId: number
  readonly pid: number
  /** Settles when the process has ended, wanted or not. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** Sets the balance of an account, in wei. */
  fund(address: Hex, wei: bigint): Promise<void>
  stop(): Promise<void>
}

/** Linux kills what it runs when its parent dies, so that a `kill -9` of ours leaves no chain behind. */
const SETPRIV = '/usr/bin/setpriv'
const START_LIMIT_MS = 20_000

/** Path of the anvil binary of the optional package, or undefined where none is installed for this platform. */
export function anvilBinary(): string | undefined {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const file = process.platform === 'win32' ? 'anvil.exe' : 'anvil'
  try {
    return createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${process.platform}-${arch}/bin/${file}`)
  } catch {
    return undefined
  }
}

/**
 * Starts anvil on a free loopback port: hardfork osaka, transaction gas cap (EIP-7825) on, no prefunded accounts.
 * Resolves when it answers. Throws ORACLE_CHAIN_BINARY when the binary is missing or cannot run here, and
 * ORACLE_CHAIN_START when it ends or stays silent.
 */
export async function startAnvil(options: AnvilOptions = {}): Promise<LocalChain> {
  const binary = anvilBinary()
  if (binary === undefined)
    throw oracleError('ORACLE_CHAIN_BINARY', { platform: `${process.platform}-${process.arch}` })
  const chainId = options.chainId ?? 31337
  const blockTimeS = options.blockTimeS ?? 1
  const guarded = existsSync(SETPRIV)
  const command = [
    ...(guarded ? [SETPRIV, '--pdeathsig', 'KILL', '--'] : []),
    binary,
    ...['--host', '127.0.0.1', '--port', '0', '--accounts', '0', '--chain-id', String(chainId)],
    ...['--hardfork', 'osaka', '--enable-tx-gas-limit'],
    ...(blockTimeS > 0 ? ['--block-time', String(blockTimeS)] : []),
    ...(options.args ?? []),
  ]
  // In a process group of its own, so that Ctrl-C reaches it through `stop`, after those who still write to it.
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: guarded,
  })
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const url = `http://127.0.0.1:${await listeningPort(child, binary)}`
  return {
    url,
    chainId,
    pid: child.pid as number,
    ended,
    fund: async (address, wei) => {
      await rpcCall(url, 'anvil_setBalance', [address, `0x${wei.toString(16)}`])
    },
    stop: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
      await ended
      clearTimeout(timer)
    },
  }
}

function listeningPort(child: ChildProcess, binary: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = ''
    const fail = (code: 'ORACLE_CHAIN_BINARY' | 'ORACLE_CHAIN_START', found: string, cause?: unknown) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(oracleError(code, { binary, found, output: output.slice(-400).trim() || undefined }, cause))
    }
    const timer = setTimeout(
      () => fail('ORACLE_CHAIN_START', `silent for ${START_LIMIT_MS} ms`),
      START_LIMIT_MS,
    )
    const read = (chunk: Buffer) => {
      output += chunk
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1]
      if (port === undefined) return
      clearTimeout(timer)
      child.removeListener('exit', exited)
      for (const stream of [child.stdout, child.stderr]) stream?.removeListener('data', read).resume()
      resolve(Number(port))
    }
    // A musl system, an old glibc or a foreign binary end like this before a first line.
    const exited = (code: number | null, signal: string | null) =>
      fail(
        code === 127 || /GLIBC|not found|Exec format/.test(output)
          ? 'ORACLE_CHAIN_BINARY'
          : 'ORACLE_CHAIN_START',
        `exit ${code ?? signal}`,
      )
    child.once('error', (error) => fail('ORACLE_CHAIN_BINARY', error.message, error))
    child.once('exit', exited)
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
  })
}
