import { readFile } from 'node:fs/promises'
import { fromHex, toHex } from '#protocol/bytes'
import { decodeRoster, type Roster, rosterFingerprint } from '#protocol/wire/roster'
import { agentError } from '../agentErrors.ts'
import { writeFileDurably } from '../keys/writeFileDurably.ts'
import { httpRequest } from './httpRequest.ts'

/** A roster whose fingerprint is the pinned one. */
export type PinnedRoster = {
  readonly roster: Roster
  readonly feedHex: string
  readonly fingerprint: string
  /** How it was pinned: by the operator, or by the first nodes that answered. */
  readonly pinnedBy: 'operator' | 'first answer'
}

/** Where a roster may come from. */
export type RosterOptions = {
  readonly nodes: readonly string[]
  readonly fingerprint: string | null
  readonly timeoutMs: number
  /** File that keeps the roster once it was accepted. */
  readonly cacheFile: string
}

/**
 * The kept roster when its fingerprint is (still) the pinned one, else null.
 * @throws nothing: a damaged file is as good as none
 */
export async function keptRoster(options: RosterOptions): Promise<PinnedRoster | null> {
  try {
    const roster = decodeRoster(new Uint8Array(await readFile(options.cacheFile)))
    return pinned(roster, options.fingerprint)
  } catch {
    return null
  }
}

/**
 * Fetches the roster from the configured nodes. With a fingerprint, the first answer that has it is taken; without
 * one, all nodes that answer must agree, and what they agree on is pinned from then on.
 * @throws AssayError AGENT_ROSTER_FINGERPRINT or AGENT_ROSTER_UNREACHABLE
 */
export async function fetchRoster(options: RosterOptions): Promise<PinnedRoster> {
  const faults: string[] = []
  const found = new Map<string, PinnedRoster>()
  let foreign: string | null = null
  for (const node of options.nodes) {
    try {
      const roster = await rosterOf(node, options.timeoutMs)
      const accepted = pinned(roster, options.fingerprint)
      if (!accepted) {
        foreign = `${node} gave ${toHex(rosterFingerprint(roster))}`
        continue
      }
      found.set(accepted.fingerprint, accepted)
      if (options.fingerprint !== null) break
    } catch (error) {
      faults.push(`${node}: ${(error as Error).message}`)
    }
  }
  if (found.size > 1)
    throw agentError('AGENT_ROSTER_FINGERPRINT', {
      found: [...found.keys()].join(' and '),
      wanted: 'one roster from all nodes',
    })
  const accepted = [...found.values()][0]
  if (!accepted) {
    if (foreign) throw agentError('AGENT_ROSTER_FINGERPRINT', { found: foreign, wanted: options.fingerprint })
    throw agentError('AGENT_ROSTER_UNREACHABLE', { found: faults.join('; ') || 'no node is configured' })
  }
  return accepted
}

/** Keeps a roster for the next start. */
export async function keepRoster(options: RosterOptions, bytes: Uint8Array): Promise<void> {
  await writeFileDurably(options.cacheFile, bytes)
}

async function rosterOf(node: string, timeoutMs: number): Promise<Roster> {
  const url = `${node.replace(/\/$/, '')}/roster`
  const { status, body } = await httpRequest({ url, method: 'GET', timeoutMs })
  if (status !== 200) throw new Error(`HTTP ${status}`)
  return decodeRoster(body)
}

function pinned(roster: Roster, wanted: string | null): PinnedRoster | null {
  const fingerprint = toHex(rosterFingerprint(roster))
  if (wanted !== null && fromHex(wanted) && fingerprint !== wanted) return null
  return {
    roster,
    feedHex: toHex(roster.feedId),
    fingerprint,
    pinnedBy: wanted === null ? 'first answer' : 'operator',
  }
}
