import { comparePositions, type Position } from '#protocol/wire/header'
import type { NewEntry } from './archive.ts'
import { hexKey } from './hexKey.ts'
import type { EntryMeta, Tables } from './tables.ts'

type Row = { readonly id: number; readonly entry: NewEntry; linked: boolean; verdict: number }
type EntryTable = Pick<
  Tables,
  | 'insertEntry'
  | 'setLinked'
  | 'setVerdict'
  | 'entry'
  | 'metasAt'
  | 'metas'
  | 'metaByHash'
  | 'head'
  | 'highest'
  | 'linkedDown'
  | 'entriesInRange'
  | 'laterEntries'
  | 'entriesAfter'
>

/** Entries in memory. `undo` collects how to take back what a failed transaction did. */
export function createMemoryEntryTable(undo: (step: () => void) => void): EntryTable {
  const rows: Row[] = []
  const byHash = new Map<string, Row>()
  const logs = new Map<string, Row[]>()

  function log(agentId: Uint8Array): Row[] {
    return logs.get(hexKey(agentId)) ?? []
  }

  function meta(row: Row): EntryMeta {
    return {
      id: row.id,
      boot: row.entry.boot,
      seq: row.entry.seq,
      hash: hexKey(row.entry.hash),
      prev: hexKey(row.entry.prev),
      linked: row.linked,
      tombstones: () => row.entry.tombstones,
    }
  }

  function stored(row: Row) {
    const { tombstones: _, ...entry } = row.entry
    return { ...entry, verdict: row.verdict }
  }

  /** Index of the first row after a position: rows of a log stand in order of position, then of arrival. */
  function after(list: readonly Row[], position: Position): number {
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (comparePositions((list[middle] as Row).entry, position) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    insertEntry(entry, linked) {
      const row: Row = { id: rows.length + 1, entry, linked, verdict: entry.verdict }
      const key = hexKey(entry.agentId)
      const list = logs.get(key) ?? []
      logs.set(key, list)
      rows.push(row)
      byHash.set(hexKey(entry.hash), row)
      list.splice(after(list, entry), 0, row)
      undo(() => {
        rows.pop()
        byHash.delete(hexKey(entry.hash))
        list.splice(list.indexOf(row), 1)
      })
      return row.id
    },
    setLinked(id) {
      const row = rows[id - 1]
      if (!row) return
      row.linked = true
      undo(() => {
        row.linked = false
      })
    },
    setVerdict(hash, verdict) {
      const row = byHash.get(hexKey(hash))
      if (row) row.verdict = verdict
    },
    entry(id) {
      const row = rows[id - 1]
      return row && stored(row)
    },
    metasAt: (agentId, boot, seq) =>
      log(agentId)
        .filter((row) => row.entry.boot === boot && row.entry.seq === seq)
        .map(meta),
    metas(agentId, from, to) {
      const list = log(agentId)
      return list.slice(from ? after(list, from) : 0, to ? after(list, to) : list.length).map(meta)
    },
    metaByHash(hash) {
      const row = byHash.get(hash)
      return row && meta(row)
    },
    head(agentId) {
      const row = log(agentId).findLast((each) => each.linked)
      return row && meta(row)
    },
    highest(agentId) {
      const entry = log(agentId).at(-1)?.entry
      return entry && { boot: entry.boot, seq: entry.seq }
    },
    linkedDown: (agentId) =>
      log(agentId)
        .filter((row) => row.linked)
        .reverse()
        .map((row) => ({ id: row.id, t0: row.entry.t0 })),
    entriesInRange: (agentId, boot, fromSeq, toSeq, limit) =>
      log(agentId)
        .filter(({ entry }) => entry.boot === boot && entry.seq >= fromSeq && entry.seq <= toSeq)
        .slice(0, limit)
        .map(stored),
    laterEntries: (agentId, boot, seq, limit) =>
      log(agentId)
        .filter(({ entry }) => comparePositions(entry, { boot, seq }) > 0)
        .slice(0, limit)
        .map(stored),
    entriesAfter: (id, limit) => {
      const page = rows.slice(id, id + limit)
      return { lastId: id + page.length, entries: page.map(stored) }
    },
  }
}
