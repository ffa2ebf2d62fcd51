import { connect } from 'node:net'
import { oracleError } from '../oracleErrors.ts'

/** The servers that a local run was told to use. */
export type GivenServers = {
  readonly broker?: string | undefined
  readonly influx?: string | undefined
  readonly rpc?: string | undefined
}

const WANTED: Record<keyof GivenServers, readonly [scheme: string, port: number][]> = {
  broker: [
    ['mqtt', 1883],
    ['mqtts', 8883],
  ],
  influx: [
    ['http', 80],
    ['https', 443],
  ],
  rpc: [
    ['http', 80],
    ['https', 443],
  ],
}
const LIMIT_MS = 5000

/**
 * Looks whether something listens at every address given, before anything is started.
 * @throws AssayError ORACLE_UP naming the argument
 */
export async function checkServers(given: GivenServers): Promise<void> {
  for (const name of Object.keys(WANTED) as (keyof GivenServers)[]) {
    const address = given[name]
    if (address !== undefined) await check(name, address)
  }
}

async function check(name: keyof GivenServers, address: string): Promise<void> {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const scheme = WANTED[name].find(([each]) => url?.protocol === `${each}:`)
  if (!url || !scheme) {
    const wanted = `--${name} ${WANTED[name].map(([each]) => `${each}://HOST:PORT`).join(' or ')}`
    throw oracleError('ORACLE_UP', { part: name, found: address, wanted })
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const fault = await knock(host, Number(url.port || scheme[1]))
  if (fault)
    throw oracleError('ORACLE_UP', {
      part: name,
      found: `${fault} at ${url.host}`,
      wanted: `a server that listens at --${name}`,
    })
}

/** Why no connection comes about, or undefined. */
function knock(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const done = (fault?: string): void => {
      socket.destroy()
      resolve(fault)
    }
    socket.setTimeout(LIMIT_MS, () => done(`no answer within ${LIMIT_MS / 1000} s`))
    socket.once('connect', () => done())
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
  })
}
