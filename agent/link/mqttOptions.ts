import { readFile } from 'node:fs/promises'
import type { IClientOptions } from 'mqtt'
import { toHex } from '#protocol/bytes'
import { upTopic } from '#protocol/wire/topics'
import { agentError } from '../agentErrors.ts'
import type { AgentSettings } from '../agentSettings.ts'

/**
 * Options of one connection. mqtt.js neither reconnects nor keeps a queue here: both are the link's, whose spool knows
 * what the nodes hold. TLS files are read for every connection, so that renewed certificates are taken up.
 * @throws AssayError AGENT_TLS_FILE
 */
export async function mqttOptions(
  settings: AgentSettings,
  feedHex: string,
  agentId: Uint8Array,
): Promise<IClientOptions> {
  const agentHex = toHex(agentId)
  const serverName = settings['mqtt.tls.serverName']
  const [ca, cert, key] = await Promise.all([
    pem(settings['mqtt.tls.caFile'], 'mqtt.tls.caFile'),
    pem(settings['mqtt.tls.certFile'], 'mqtt.tls.certFile'),
    pem(settings['mqtt.tls.keyFile'], 'mqtt.tls.keyFile'),
  ])
  return {
    // 3.1.1 brokers need not take more than 23 characters.
    clientId: `assay-${agentHex.slice(0, 16)}`,
    protocolVersion: settings['mqtt.protocolVersion'] === 5 ? 5 : 4,
    clean: true,
    keepalive: Math.ceil(settings['mqtt.keepalive'] / 1000),
    reconnectPeriod: 0,
    connectTimeout: 15_000,
    queueQoSZero: false,
    resubscribe: false,
    will: {
      topic: upTopic(feedHex, agentHex, 'status'),
      payload: Buffer.from(JSON.stringify({ state: 'offline' })),
      qos: 1,
      retain: true,
    },
    rejectUnauthorized: true,
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(serverName ? { servername: serverName } : {}),
  }
}

async function pem(path: string | null, setting: string): Promise<Buffer | null> {
  if (path === null) return null
  try {
    return await readFile(path)
  } catch (cause) {
    throw agentError('AGENT_TLS_FILE', { setting, path, found: (cause as NodeJS.ErrnoException).code }, cause)
  }
}
