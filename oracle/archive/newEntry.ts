import type { Entry } from '#protocol/wire/entry'
import type { NewEntry } from './archive.ts'

/** What the archive keeps of a verified entry. */
export function newEntry(entry: Entry, receivedAtMs: number, verdict = 0): NewEntry {
  const { header } = entry
  return {
    agentId: header.agentId,
    boot: header.boot,
    seq: header.seq,
    hash: entry.hash,
    prev: header.prev,
    kind: header.kind,
    epochN: header.epoch?.n ?? null,
    t0: header.t0,
    receivedAtMs,
    verdict,
    bytes: entry.bytes,
    tombstones: header.tombstones,
  }
}
