/** What agents publish; `status` and the last will are hints and never scored. */
export const UP_KINDS = ['batch', 'event', 'evidence', 'statement', 'status'] as const
export type UpKind = (typeof UP_KINDS)[number]
/** What nodes and operators publish to one agent. */
export const DOWN_KINDS = ['ack', 'ask', 'order'] as const
export type DownKind = (typeof DOWN_KINDS)[number]

/** `assay/1/{feed}/{agentId}/up/{kind}`; feed and agent are 32 bytes of lower-case hex without 0x. */
export function upTopic(feed: string, agentId: string, kind: UpKind): string {
  return `assay/1/${feed}/${agentId}/up/${kind}`
}

/** `assay/1/{feed}/{agentId}/down/{kind}` */
export function downTopic(feed: string, agentId: string, kind: DownKind): string {
  return `assay/1/${feed}/${agentId}/down/${kind}`
}

/** `assay/1/{feed}/epoch`: the nodes' epoch notices. */
export function epochTopic(feed: string): string {
  return `assay/1/${feed}/epoch`
}

const ID = /^[0-9a-f]{64}$/

/** The feed, agent and kind of an up topic, or undefined for any other topic; ids are 32 bytes of lower-case hex. */
export function parseUpTopic(topic: string): { feed: string; agentId: string; kind: UpKind } | undefined {
  const parts = topic.split('/')
  const kind = UP_KINDS.find((each) => each === parts[5])
  const [root, version, feed = '', agentId = '', direction] = parts
  if (parts.length !== 6 || root !== 'assay' || version !== '1' || direction !== 'up' || !kind)
    return undefined
  return ID.test(feed) && ID.test(agentId) ? { feed, agentId, kind } : undefined
}
