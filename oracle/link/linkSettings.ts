import { readFileSync } from 'node:fs'
import type { IClientOptions } from 'mqtt'
import { oracleError } from '../oracleErrors.ts'

/** How a node reaches its broker. File settings are paths to PEM or plain text. */
export type LinkSettings = {
  /** `mqtt://` or `mqtts://`. */
  readonly url: string
  /** 4 is MQTT 3.1.1, 5 is 5.0. */
  readonly protocolVersion: 4 | 5
  /** False keeps the subscription at the broker while the node is away: an optimisation, nothing depends on it. */
  readonly clean: boolean
  /** Subscribes as `$share/{node}/…`; not with the embedded broker, which takes that for a plain topic. */
  readonly shared: boolean
  /** Heads are acked at most this often per agent. */
  readonly ackEveryMs: number
  readonly clientId: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly username?: string
  readonly passwordFile?: string
}

/** The client options of link settings, files read. @throws AssayError ORACLE_MQTT_FILE */
export function mqttOptions(settings: LinkSettings): IClientOptions {
  return {
    protocolVersion: settings.protocolVersion,
    clean: settings.clean,
    clientId: settings.clientId,
    keepalive: 30,
    connectTimeout: 10_000,
    reconnectPeriod: 250,
    reconnectOnConnackError: true,
    resubscribe: false,
    manualConnect: true,
    ...(settings.ca ? { ca: [read(settings.ca)] } : {}),
    ...(settings.cert ? { cert: read(settings.cert) } : {}),
    ...(settings.key ? { key: read(settings.key) } : {}),
    ...(settings.username ? { username: settings.username } : {}),
    ...(settings.passwordFile ? { password: read(settings.passwordFile).toString().trim() } : {}),
    // Keeps a session of the broker for an hour: what 3.1.1 does without a limit.
    ...(settings.protocolVersion === 5 && !settings.clean
      ? { properties: { sessionExpiryInterval: 3600 } }
      : {}),
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw oracleError('ORACLE_MQTT_FILE', { file, found: (cause as NodeJS.ErrnoException).code }, cause)
  }
}
