import type { ForkProof, LogHead } from '#protocol/wire/ackList'
import { decodeCbor } from '#protocol/wire/cbor'
import { comparePositions, type Position } from '#protocol/wire/header'
import { asArray, asBytes } from '#protocol/wire/shape'
import { oracleError } from '../oracleErrors.ts'
import type { Archive, ChainPoint, ForkRecord, NewEntry, StoredEntry } from './archive.ts'
import { hexKey } from './hexKey.ts'
import { createLogTracker, type LinkMeta, type LogTracker } from './logTracker.ts'
import type { Tables } from './tables.ts'
import { type WalkSource, walkChain } from './walkChain.ts'

const PAGE = 256

/**
 * The archive's rules over any {@link Tables}, opened by `start`: which entry is the head, what is a fork, what a range of a log is.
 * `now` stamps round rows (milliseconds).
 */
export function createArchive(open: () => Tables, now: () => number = Date.now): Archive {
  let opened: Tables | undefined
  const trackers = new Map<string, LogTracker>()

  function t(): Tables {
    if (!opened) throw oracleError('ORACLE_ARCHIVE_OPEN', { found: 'an archive that is not started' })
    return opened
  }

  function tracker(agentId: Uint8Array): LogTracker {
    const key = hexKey(agentId)
    let known = trackers.get(key)
    if (!known) {
      const head = t().head(agentId)
      known = createLogTracker(head ?? null, t().highest(agentId) ?? null)
      for (const meta of t().metas(agentId, head ?? null, null))
        known.offer({ ...meta, tombstones: meta.tombstones() }, isLinked)
      trackers.set(key, known)
    }
    return known
  }

  function isLinked(hash: string): boolean {
    return t().metaByHash(hash)?.linked ?? false
  }

  function append(entries: readonly NewEntry[]) {
    const inserted: boolean[] = []
    const linked: StoredEntry[] = []
    const forks: ForkRecord[] = []
    const rolledBack: Uint8Array[] = []
    const given = new Map<number, NewEntry>()
    for (const entry of entries) {
      const log = tracker(entry.agentId)
      const highest = log.highest()
      const hash = hexKey(entry.hash)
      // Only at or below the highest position can there be the same entry or another branch.
      const here =
        highest && comparePositions(entry, highest) <= 0
          ? t().metasAt(entry.agentId, entry.boot, entry.seq)
          : []
      if (here.some((meta) => meta.hash === hash)) {
        inserted.push(false)
        continue
      }
      const head = log.head()
      const prev = hexKey(entry.prev)
      const direct =
        head !== null && head.hash === prev && entry.boot === head.boot && entry.seq === head.seq + 1
      const id = t().insertEntry(entry, direct)
      inserted.push(true)
      const first = here[0]
      if (first) {
        const fork = {
          agentId: entry.agentId,
          boot: entry.boot,
          seq: entry.seq,
          first: Buffer.from(first.hash, 'hex'),
          second: entry.hash,
          atMs: entry.receivedAtMs,
        }
        t().insertFork(fork)
        forks.push(fork)
      }
      given.set(id, entry)
      const meta: LinkMeta = {
        id,
        boot: entry.boot,
        seq: entry.seq,
        hash,
        prev,
        tombstones: entry.tombstones,
      }
      const result = log.offer(meta, isLinked)
      if (result.rolledBack) rolledBack.push(entry.agentId)
      for (const each of result.linked) {
        if (!(direct && each.id === id)) t().setLinked(each.id)
        const stored = given.get(each.id) ?? t().entry(each.id)
        if (stored) linked.push(stored)
      }
    }
    return { inserted, linked, forks, rolledBack }
  }

  function headOf(agentId: Uint8Array): LogHead | undefined {
    const head = tracker(agentId).head()
    return head
      ? {
          logId: agentId,
          boot: head.boot,
          seq: head.seq,
          hash: new Uint8Array(Buffer.from(head.hash, 'hex')),
        }
      : undefined
  }

  function walk(agentId: Uint8Array, from: ChainPoint | null, to: ChainPoint) {
    const source: WalkSource = {
      metas: (low, high) => t().metas(agentId, low, high),
      holdsAtOrBelow(hash, position: Position) {
        const meta = t().metaByHash(hash)
        return meta !== undefined && comparePositions(meta, position) <= 0
      },
    }
    return walkChain(source, agentId, from, to)
  }

  function stored(id: number): StoredEntry {
    return t().entry(id) as StoredEntry
  }

  return {
    start() {
      opened = open()
      for (const agentId of t().agentIds()) tracker(agentId)
    },
    stop() {
      trackers.clear()
      opened?.close()
      opened = undefined
    },
    appendBatch(entries) {
      const touched = new Map<string, Uint8Array>()
      for (const entry of entries) touched.set(hexKey(entry.agentId), entry.agentId)
      try {
        const result = t().transaction(() => append(entries))
        const heads = [...touched.values()].flatMap((agentId) => headOf(agentId) ?? [])
        return { ...result, heads }
      } catch (error) {
        // What the trackers took in was rolled back: they are built again from the rows that stand.
        for (const key of touched.keys()) trackers.delete(key)
        throw error
      }
    },
    setVerdict: (hash, verdict) => t().setVerdict(hash, verdict),
    head: headOf,
    heads: () =>
      t()
        .agentIds()
        .flatMap((agentId) => headOf(agentId) ?? []),
    holds(agentId, position, hash) {
      const highest = tracker(agentId).highest()
      if (!highest || comparePositions(position, highest) > 0) return false
      const key = hexKey(hash)
      return t()
        .metasAt(agentId, position.boot, position.seq)
        .some((meta) => meta.hash === key)
    },
    waitingCount: (agentId) => tracker(agentId).waitingCount(),
    waiting: (agentId) => tracker(agentId).waiting(),
    entriesBetween(agentId, from, to) {
      const { ids, linked } = walk(agentId, from, to)
      return { entries: ids.map(stored), linked }
    },
    holdsChain(agentId, from, to) {
      try {
        walk(agentId, from, to)
        return true
      } catch (error) {
        if ((error as { code?: string }).code === 'ORACLE_ARCHIVE_GAP') return false
        throw error
      }
    },
    entriesAt: (agentId, boot, seq) =>
      t()
        .metasAt(agentId, boot, seq)
        .map((meta) => stored(meta.id)),
    entriesAfter: (agentId, after, limit = 1024) =>
      t().laterEntries(agentId, after?.boot ?? -1, after?.seq ?? -1, limit),
    entriesInRange: (agentId, boot, fromSeq, toSeq, limit = 1024) =>
      t().entriesInRange(agentId, boot, fromSeq, toSeq, limit),
    entriesSince(agentId, sinceMs, limit = 10_000, pick = 'newest') {
      const ids: number[] = []
      for (const row of t().linkedDown(agentId, pick === 'newest' ? limit : PAGE)) {
        if (row.t0 < sinceMs || (pick === 'newest' && ids.length >= limit)) break
        ids.push(row.id)
      }
      // Counted from the newest, so that it is always among them.
      const stride = Math.ceil(ids.length / limit)
      return ids
        .filter((_, i) => i % stride === 0)
        .reverse()
        .map(stored)
    },
    entryByHash(hash) {
      const meta = t().metaByHash(hexKey(hash))
      return meta && t().entry(meta.id)
    },
    *iterate() {
      for (let after = 0; ; ) {
        const page = t().entriesAfter(after, PAGE)
        yield* page.entries
        if (page.entries.length < PAGE) return
        after = page.lastId
      }
    },
    forks: () => t().forks(),
    forkProofs: () =>
      t()
        .forks()
        .flatMap((fork): ForkProof[] => {
          const first = t().metaByHash(hexKey(fork.first))
          const second = t().metaByHash(hexKey(fork.second))
          if (!first || !second) return []
          return [{ logId: fork.agentId, first: coseOf(stored(first.id)), second: coseOf(stored(second.id)) }]
        }),
    putAgent: (agent) => t().transaction(() => t().putAgent(agent)),
    setAgentState: (agentId, state, atMs) => t().transaction(() => t().setAgentState(agentId, state, atMs)),
    agent: (agentId) => t().agent(agentId),
    agents: () => t().agents(),
    agentKey: (agentId) => t().agentKey(agentId),
    quarantine: (items) => t().transaction(() => t().insertQuarantine(items)),
    quarantined: (limit) => t().quarantined(limit),
    addIncident: (incident) => t().transaction(() => t().insertIncident(incident)),
    incidents: (limit) => t().incidents(limit),
    putRound: (n, kind, bytes, key = '') =>
      t().transaction(() => t().putRound({ n, kind, key, bytes, atMs: now() })),
    claimRound: (n, kind, bytes, key = '') =>
      t().transaction(() => {
        const standing = t().rounds({ n, kind, key, limit: 1 })[0]
        if (standing) return standing.bytes
        t().putRound({ n, kind, key, bytes, atMs: now() })
        return bytes
      }),
    getRound: (n, kind, key = '') => t().rounds({ n, kind, key, limit: 1 })[0]?.bytes,
    roundsOf: (n) => t().rounds({ n }),
    roundsFrom: (n, kind) => t().rounds(kind === undefined ? { fromN: n } : { fromN: n, kind }),
    lastRounds: (kind, limit) => t().rounds({ kind, limit, newestFirst: true }),
    putMeta: (name, text) => t().transaction(() => t().putMeta(name, text)),
    getMeta: (name) => t().getMeta(name),
    stats: () => t().stats(),
  }
}

/** The signed header of archived entry bytes. */
function coseOf(entry: StoredEntry): Uint8Array {
  return asBytes(asArray(decodeCbor(entry.bytes), 'entry', 2)[0], 'entry.header')
}
