import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Roles } from '../../oracle/broker/brokerAcl.ts'
import { mosquittoConfig } from '../../oracle/broker/mosquittoConfig.ts'
import type { TestAuthority } from './certs.ts'
import { findProgram, freePort, missing, type RealServer, startServer } from './realServer.ts'

/** Why mosquitto cannot be used here, or undefined. */
export const noMosquitto = (): string | undefined => missing('mosquitto', 'mosquitto')

export type Mosquitto = RealServer & { readonly port: number; readonly url: string }

/** mosquitto with the configuration that Assay generates: mutual TLS and the ACL of `roles`. */
export async function startMosquittoTls(
  authority: TestAuthority,
  roles: Roles,
  port?: number,
): Promise<Mosquitto> {
  const at = port ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'assay-mosquitto-'))
  // mosquitto gives up root for its own user before it reads these.
  chmodSync(folder, 0o755)
  const { cert, key } = authority.server()
  const aclFile = join(folder, 'acl')
  const { conf, acl } = mosquittoConfig({
    host: '127.0.0.1',
    port: at,
    ca: authority.ca,
    cert,
    key,
    aclFile,
    roles,
  })
  writeFileSync(aclFile, acl)
  return start(`${conf}user ${userInfoName()}\n`, folder, at, 'mqtts')
}

/** mosquitto open on loopback: a broker that lets everything pass. */
export async function startMosquittoOpen(port?: number): Promise<Mosquitto> {
  const at = port ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'assay-mosquitto-'))
  const conf = `listener ${at} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 10000\nuser ${userInfoName()}\n`
  return start(conf, folder, at, 'mqtt')
}

async function start(conf: string, folder: string, port: number, scheme: string): Promise<Mosquitto> {
  const file = join(folder, 'mosquitto.conf')
  writeFileSync(file, conf)
  const server = await startServer(findProgram('mosquitto') as string, ['-c', file], port)
  return {
    ...server,
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    async stop(signal) {
      await server.stop(signal)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The user that runs the tests: mosquitto must be able to read what they wrote. */
function userInfoName(): string {
  return userInfo().username
}
