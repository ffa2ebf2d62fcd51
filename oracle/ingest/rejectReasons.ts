/** Why a message was not archived. Its bytes are kept in quarantine, it is never acked and changes no score. */
export const REJECT_REASONS = {
  oversized: 'longer than an entry may be',
  malformed: 'not an entry of this protocol',
  topic_mismatch: "published under another agent's topic",
  unknown_agent: 'signed by an agent that never enrolled here',
  agent_pending: 'the agent waits for approval',
  agent_retired: 'the agent was retired',
  unknown_key: 'signed by a key that is not the enrolled one',
  bad_signature: 'the signature does not verify',
  bad_body: 'a body does not have the digest that its header lists',
  too_far_ahead: 'too many entries already wait for a gap of this log',
  archive_failed: 'the archive could not be written',
} as const

export type RejectReason = keyof typeof REJECT_REASONS
