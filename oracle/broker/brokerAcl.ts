/** Who a client is: the common name of its certificate, or null where the broker asks for none (loopback only). */
export type Identity = string | null

/** Common names of the certificates that are not agents'. Every other one is an agent whose name is its agent id. */
export type Roles = { readonly nodes: readonly string[]; readonly operators: readonly string[] }

const UP = /^assay\/1\/([^/]+)\/([^/]+)\/up\/[^/]+$/
const DOWN = /^assay\/1\/([^/]+)\/([^/]+)\/down\/([^/]+)$/
const EPOCH = /^assay\/1\/[^/]+\/epoch$/

/** PROTOCOL §4, Topics: agents publish under their own name, nodes to agents, operators orders. Pure. */
export function mayPublish(identity: Identity, topic: string, roles: Roles): boolean {
  if (identity === null) return UP.test(topic) || DOWN.test(topic) || EPOCH.test(topic)
  if (roles.nodes.includes(identity)) {
    const kind = DOWN.exec(topic)?.[3]
    return kind === 'ack' || kind === 'ask' || EPOCH.test(topic)
  }
  if (roles.operators.includes(identity)) return DOWN.exec(topic)?.[3] === 'order'
  return UP.exec(topic)?.[2] === identity
}

/**
 * Whether a subscription filter asks for nothing that the client may not read. Shared subscriptions are refused: this
 * broker would take `$share/…` for a plain topic and deliver nothing.
 */
export function maySubscribe(identity: Identity, filter: string, roles: Roles): boolean {
  const parts = filter.split('/')
  if (parts[0] !== 'assay' || parts[1] !== '1') return false
  if (identity === null) return true
  if (roles.nodes.includes(identity)) return parts[4] === 'up' || EPOCH.test(filter)
  if (roles.operators.includes(identity)) return EPOCH.test(filter)
  return EPOCH.test(filter) || (parts[3] === identity && parts[4] === 'down')
}
