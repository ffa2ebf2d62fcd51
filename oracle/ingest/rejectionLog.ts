import type { Incident } from '#protocol/http/roundView'
import { REJECT_REASONS, type RejectReason } from './rejectReasons.ts'

const KEPT = 1_000

/**
 * Turns rejections into incidents: the first of an agent and reason at once, the following ones summed up, so that a
 * flood of bad bytes is one line a minute. What the topic claims is not proven, hence the bound on what is remembered.
 */
export function createRejectionLog(options: {
  everyMs: number
  clock: () => number
  onIncident: (incident: Incident) => void
}) {
  const seen = new Map<string, { dueMs: number; count: number }>()

  return (topicAgent: string, reason: RejectReason): void => {
    const now = options.clock()
    const key = `${topicAgent} ${reason}`
    const known = seen.get(key)
    if (known && now < known.dueMs) {
      known.count += 1
      return
    }
    seen.delete(key)
    if (seen.size >= KEPT) seen.delete(seen.keys().next().value as string)
    seen.set(key, { dueMs: now + options.everyMs, count: 0 })
    const more = known && known.count > 0 ? `, ${known.count} more since the last report` : ''
    options.onIncident({
      at: now,
      kind: 'rejected',
      ...(/^[0-9a-f]{64}$/.test(topicAgent) ? { agentId: topicAgent } : {}),
      text: `A message was rejected (${reason}: ${REJECT_REASONS[reason]})${more}.`,
    })
  }
}
