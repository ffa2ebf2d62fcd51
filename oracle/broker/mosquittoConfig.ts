import type { Roles } from './brokerAcl.ts'

export type MosquittoSettings = {
  readonly host: string
  readonly port: number
  /** Paths on the broker's machine. */
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly aclFile: string
  readonly roles: Roles
  readonly maxPacketBytes?: number
  /** Where mosquitto keeps sessions over a restart; none when left out. Acks never depend on it. */
  readonly persistenceDir?: string
}

const MAX_PACKET_BYTES = 300 * 1024

/**
 * A mosquitto 2 configuration and its ACL for one feed's broker: mutual TLS, the certificate's common name is the
 * user, agents confined to the topics of their own agent id, nodes and operators to what is theirs (PROTOCOL §4).
 * @throws Error when a name or path would break out of its line
 */
export function mosquittoConfig(settings: MosquittoSettings): {
  readonly conf: string
  readonly acl: string
} {
  const { host, port, ca, cert, key, aclFile, roles, persistenceDir } = settings
  for (const text of [host, ca, cert, key, aclFile, persistenceDir ?? '', ...roles.nodes, ...roles.operators])
    if (/[\r\n]/.test(text)) throw new Error(`a line break in ${JSON.stringify(text)}`)
  const conf = [
    'per_listener_settings false',
    `listener ${port} ${host}`,
    `cafile ${ca}`,
    `certfile ${cert}`,
    `keyfile ${key}`,
    'tls_version tlsv1.2',
    'require_certificate true',
    'use_identity_as_username true',
    'allow_anonymous false',
    `acl_file ${aclFile}`,
    `max_packet_size ${settings.maxPacketBytes ?? MAX_PACKET_BYTES}`,
    // A node that is away for a while finds what it missed, within this bound; beyond it, agents send again.
    'max_queued_messages 10000',
    'max_inflight_messages 256',
    'persistent_client_expiration 1h',
    ...(persistenceDir
      ? [
          'persistence true',
          `persistence_location ${persistenceDir.replace(/\/?$/, '/')}`,
          'autosave_interval 60',
        ]
      : ['persistence false']),
    'log_type error',
    'log_type warning',
    'log_type notice',
    '',
  ].join('\n')
  const acl = [
    ...roles.nodes.flatMap((name) => [
      `user ${name}`,
      'topic read assay/1/+/+/up/+',
      'topic write assay/1/+/+/down/ack',
      'topic write assay/1/+/+/down/ask',
      'topic readwrite assay/1/+/epoch',
      '',
    ]),
    ...roles.operators.flatMap((name) => [
      `user ${name}`,
      'topic write assay/1/+/+/down/order',
      'topic read assay/1/+/epoch',
      '',
    ]),
    // Patterns hold for every user: %u is the common name, for an agent its agent id.
    'pattern write assay/1/+/%u/up/+',
    'pattern read assay/1/+/%u/down/+',
    'pattern read assay/1/+/epoch',
    '',
  ].join('\n')
  return { conf, acl }
}
