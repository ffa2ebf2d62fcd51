import type { Incident } from '#protocol/http/roundView'
import type { Primitives } from '#protocol/primitives'
import type { LogHead } from '#protocol/wire/ackList'
import { checkBodies, type Entry, parseEntry } from '#protocol/wire/entry'
import { MAX_ENTRY_BYTES } from '#protocol/wire/limits'
import type { AgentKey, AppendResult, Archive, QuarantineItem } from '../archive/archive.ts'
import { hexKey } from '../archive/hexKey.ts'
import { newEntry } from '../archive/newEntry.ts'
import { type AcceptedEntry, acceptedEntry } from './acceptedEntry.ts'
import { createCommitQueue } from './commitQueue.ts'
import { entryVerdict } from './entryVerdict.ts'
import { createGapWatch, type Gap } from './gapWatch.ts'
import { type IngestCounters, newIngestCounters } from './ingestCounters.ts'
import { INGEST_LIMITS, type IngestLimits } from './ingestLimits.ts'
import { type AsyncVerifier, createPoolVerifier } from './poolVerifier.ts'
import { createRejectionLog } from './rejectionLog.ts'
import type { RejectReason } from './rejectReasons.ts'
import { VERDICTS } from './verdicts.ts'

/** What became of one message, told after the commit: `stored` and `duplicate` are durable. */
export type Outcome =
  | { readonly outcome: 'stored' | 'duplicate'; readonly verdict: number }
  | { readonly outcome: 'rejected'; readonly reason: RejectReason }

export type IngestOptions = {
  readonly archive: Archive
  readonly primitives: Primitives
  readonly verifier?: AsyncVerifier
  /** Milliseconds of Unix time. */
  readonly clock: () => number
  readonly limits?: Partial<IngestLimits>
  /** Entries that the heads advanced over, each log in its order, after their commit. */
  readonly onAccepted?: (entries: AcceptedEntry[]) => void
  /** Heads to ack: of every log that a committed message belonged to, duplicates included. */
  readonly onHeads?: (heads: LogHead[]) => void
  readonly onGap?: (gap: Gap) => void
  /** Also kept in the archive. */
  readonly onIncident?: (incident: Incident) => void
}

/** Takes signed entries in: verified, archived, then told. Nothing is acked before its commit. */
export type Ingest = {
  start(): void
  /** Commits what is under way and stops its timers. */
  stop(): Promise<void>
  /** One message as it came from the broker; `topicAgentId` is the agent that the topic names, in hex. Never rejects. */
  receive(topicAgentId: string, bytes: Uint8Array): Promise<Outcome>
  /** Entries of another node: verified like any other, each stands for itself. */
  ingestPeerEntries(entries: readonly Uint8Array[]): Promise<Outcome[]>
  /** Whether another message may be given now; `ready` resolves when there is room again. */
  hasRoom(): boolean
  ready(): Promise<void>
  counters(): IngestCounters
  gaps(): Gap[]
}

type Job = {
  readonly bytes: Uint8Array
  readonly topicAgent: string
  readonly receivedAtMs: number
  readonly entry: Entry | undefined
  readonly resolve: (outcome: Outcome) => void
  rejected: RejectReason | undefined
  duplicate: boolean
  verdict: number
}

const QUARANTINE_EVERY_MS = 250
const OVERSIZED_KEPT = 4096
const ARCHIVE_FAILED_EVERY_MS = 10_000

/** An ingest over an archive. One per node; agents must be enrolled in the archive before their entries count. */
export function createIngest(options: IngestOptions): Ingest {
  const { archive, primitives, clock } = options
  const limits = { ...INGEST_LIMITS, ...options.limits }
  const verifier = options.verifier ?? createPoolVerifier()
  const counters = newIngestCounters()
  const queue = createCommitQueue<Job>({
    enoughItems: limits.commitEntries,
    maxItems: limits.commitMost,
    maxWaitMs: limits.commitWaitMs,
    commit,
  })
  const gapWatch = createGapWatch({ limits, clock, gapOf, onGap: (gap) => tell(() => options.onGap?.(gap)) })
  const toldRejection = createRejectionLog({ everyMs: limits.incidentEveryMs, clock, onIncident: incident })
  let quarantine: QuarantineItem[] = []
  let timer: NodeJS.Timeout | undefined
  let queuedBytes = 0
  let archiveFailureDueMs = Number.NEGATIVE_INFINITY
  let roomWaiters: (() => void)[] = []

  function gapOf(agentId: Uint8Array): Gap | undefined {
    const waiting = archive.waiting(agentId)
    return waiting && { agentId, after: archive.head(agentId) ?? null, before: waiting.lowest }
  }

  /** Readers must not break ingest: what they throw is counted and told. */
  function tell(call: () => void): void {
    try {
      call()
    } catch (error) {
      counters.readerErrors += 1
      incident({ at: clock(), kind: 'reader_failed', text: `A reader of the ingest failed: ${error}` })
    }
  }

  function incident(what: Incident): void {
    for (const hear of [options.onIncident, (each: Incident) => archive.addIncident(each)])
      try {
        hear?.(what)
      } catch {
        counters.readerErrors += 1
      }
  }

  /** Cheap checks first; a reason, or the key to verify with. */
  function examine(
    bytes: Uint8Array,
    topicAgent: string | undefined,
  ): { entry?: Entry; verdict: AgentKey | RejectReason } {
    if (bytes.length > MAX_ENTRY_BYTES) return { verdict: 'oversized' }
    let entry: Entry
    try {
      entry = parseEntry(bytes, primitives)
    } catch {
      return { verdict: 'malformed' }
    }
    const { header } = entry
    const agent = hexKey(header.agentId)
    if (topicAgent !== undefined && topicAgent !== agent) return { verdict: 'topic_mismatch' }
    const key = archive.agentKey(header.agentId)
    if (!key) return { verdict: 'unknown_agent' }
    if (key.state !== 'approved')
      return { verdict: key.state === 'pending' ? 'agent_pending' : 'agent_retired' }
    if (hexKey(header.kid) !== agent) return { verdict: 'unknown_key' }
    return { entry, verdict: key }
  }

  function take(topicAgent: string | undefined, given: Uint8Array): Promise<Outcome> {
    // A Buffer's slices share its memory and its type: readers get plain bytes.
    const bytes = new Uint8Array(given.buffer, given.byteOffset, given.length)
    counters.received += 1
    queuedBytes += bytes.length
    return new Promise((resolve) => {
      const { entry, verdict: found } = examine(bytes, topicAgent)
      const job: Job = {
        bytes,
        topicAgent: topicAgent ?? (entry ? hexKey(entry.header.agentId) : 'peer'),
        receivedAtMs: clock(),
        entry,
        resolve,
        rejected: typeof found === 'string' ? found : undefined,
        duplicate: false,
        verdict: 0,
      }
      const ticket = queue.push(job)
      if (typeof found === 'string' || !entry) return ticket.settle()
      const { header } = entry
      if (archive.holds(header.agentId, header, entry.hash)) {
        job.duplicate = true
        return ticket.settle()
      }
      if (isTooFarAhead(entry)) {
        job.rejected = 'too_far_ahead'
        return ticket.settle()
      }
      verifier.verify(found.publicKey, entry.sign1.toBeSigned, entry.sign1.signature, (holds) => {
        if (!holds) job.rejected = 'bad_signature'
        else checkContent(job, entry)
        ticket.settle()
      })
    })
  }

  function isTooFarAhead({ header }: Entry): boolean {
    if (archive.waitingCount(header.agentId) < limits.waitingEntries) return false
    const waiting = archive.waiting(header.agentId)
    // What comes before the waiting entries may fill the gap, and is always let in.
    return waiting !== undefined && (header.boot - waiting.lowest.boot || header.seq - waiting.lowest.seq) > 0
  }

  function checkContent(job: Job, entry: Entry): void {
    try {
      checkBodies(entry, primitives)
      job.verdict = entryVerdict(entry)
    } catch {
      job.rejected = 'bad_body'
    }
  }

  function commit(batch: Job[]): void {
    const fresh = batch.filter((job) => !job.rejected && !job.duplicate)
    if (fresh.length > 0) store(fresh)
    const touched = new Map<string, Uint8Array>()
    for (const job of batch) {
      queuedBytes -= job.bytes.length
      if (job.rejected) reject(job, job.rejected)
      else {
        if (job.duplicate) counters.duplicates += 1
        const { agentId } = (job.entry as Entry).header
        touched.set(hexKey(agentId), agentId)
        job.resolve({ outcome: job.duplicate ? 'duplicate' : 'stored', verdict: job.verdict })
      }
    }
    if (touched.size > 0) {
      const heads = [...touched.values()].flatMap((agentId) => archive.head(agentId) ?? [])
      tell(() => options.onHeads?.(heads))
      for (const agentId of touched.values()) if (archive.waitingCount(agentId) > 0) gapWatch.look(agentId)
    }
    makeRoom()
  }

  function store(jobs: Job[]): void {
    let result: AppendResult
    try {
      result = archive.appendBatch(
        jobs.map((job) => newEntry(job.entry as Entry, job.receivedAtMs, job.verdict)),
      )
    } catch (error) {
      for (const job of jobs) job.rejected = 'archive_failed'
      archiveFailed(error)
      return
    }
    counters.commits += 1
    const parsed = new Map<string, Job>()
    jobs.forEach((job, i) => {
      const entry = job.entry as Entry
      if (!result.inserted[i]) {
        job.duplicate = true
        return
      }
      parsed.set(hexKey(entry.hash), job)
      counters.stored += 1
      counters.samples += entry.header.times.length * entry.header.segments.length
      const name = (Object.keys(VERDICTS) as (keyof typeof VERDICTS)[]).find(
        (each) => VERDICTS[each] === job.verdict,
      )
      counters.verdicts[name ?? 'clean'] += 1
    })
    for (const fork of result.forks) {
      counters.forks += 1
      incident({
        at: clock(),
        kind: 'fork',
        agentId: hexKey(fork.agentId),
        text: `The agent signed two entries at boot ${fork.boot}, sequence ${fork.seq}: ${hexKey(fork.first)} and ${hexKey(fork.second)}.`,
      })
    }
    for (const agentId of result.rolledBack) {
      counters.rolledBack += 1
      incident({
        at: clock(),
        kind: 'rolled_back',
        agentId: hexKey(agentId),
        text: 'The agent opened a new boot on an entry before the newest one held here: restored from a backup.',
      })
    }
    if (result.linked.length > 0 && options.onAccepted) {
      const entries = result.linked.map((row) => {
        const entry = parsed.get(hexKey(row.hash))?.entry ?? parseEntry(row.bytes, primitives)
        return acceptedEntry(entry, row.receivedAtMs, row.verdict, () => {
          counters.verdicts.segment_malformed += 1
          archive.setVerdict(row.hash, VERDICTS.segment_malformed)
        })
      })
      tell(() => options.onAccepted?.(entries))
    }
  }

  function reject(job: Job, reason: RejectReason): void {
    counters.rejected[reason] += 1
    if (reason !== 'archive_failed') {
      const kept = reason === 'oversized' ? job.bytes.subarray(0, OVERSIZED_KEPT) : job.bytes
      quarantine.push({ atMs: job.receivedAtMs, reason, topicAgent: job.topicAgent, bytes: kept })
      if (quarantine.length >= limits.queuedEntries) flushQuarantine()
      else timer ??= setTimeout(flushQuarantine, QUARANTINE_EVERY_MS)
      toldRejection(job.topicAgent, reason)
    }
    job.resolve({ outcome: 'rejected', reason })
  }

  function flushQuarantine(): void {
    clearTimeout(timer)
    timer = undefined
    const items = quarantine
    quarantine = []
    if (items.length === 0) return
    try {
      archive.quarantine(items)
    } catch (error) {
      archiveFailed(error)
    }
  }

  /** A full disk fails every commit: told at most every {@link ARCHIVE_FAILED_EVERY_MS}. */
  function archiveFailed(error: unknown): void {
    if (clock() < archiveFailureDueMs) return
    archiveFailureDueMs = clock() + ARCHIVE_FAILED_EVERY_MS
    incident({ at: clock(), kind: 'archive_failed', text: (error as Error).message })
  }

  function hasRoom(): boolean {
    return queue.length() < limits.queuedEntries && queuedBytes < limits.queuedBytes
  }

  function makeRoom(): void {
    if (roomWaiters.length === 0 || !hasRoom()) return
    const waiters = roomWaiters
    roomWaiters = []
    for (const resolve of waiters) resolve()
  }

  return {
    start() {
      for (const { logId } of archive.heads()) if (archive.waitingCount(logId) > 0) gapWatch.look(logId)
    },
    async stop() {
      await queue.drained()
      flushQuarantine()
      gapWatch.stop()
    },
    receive: (topicAgentId, bytes) => take(topicAgentId, bytes),
    async ingestPeerEntries(entries) {
      const outcomes: Promise<Outcome>[] = []
      for (const bytes of entries) {
        while (!hasRoom()) await new Promise<void>((resolve) => roomWaiters.push(resolve))
        outcomes.push(take(undefined, bytes))
      }
      return Promise.all(outcomes)
    },
    hasRoom,
    ready: async () => {
      while (!hasRoom()) await new Promise<void>((resolve) => roomWaiters.push(resolve))
    },
    counters: () => structuredClone(counters),
    gaps: () => gapWatch.gaps(),
  }
}
