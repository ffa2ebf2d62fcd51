import { fromHex, toHex0x } from '#protocol/bytes'
import type { Primitives } from '#protocol/primitives'
import type { Hex } from '#protocol/wire/chainView'
import { parseEntry } from '#protocol/wire/entry'
import type { Archive } from '../archive/archive.ts'
import type { Ingest } from '../ingest/ingest.ts'
import type { LogStore } from './ports.ts'

/** The logs of a node as the round engine sees them: over its archive, filled through its ingest. */
export function createArchiveLogs(archive: Archive, ingest: Ingest, primitives: Primitives): LogStore {
  return {
    heads: () => archive.heads(),
    forks: () => archive.forkProofs(),
    publicKey: (agentId) => archive.agent(bytes(agentId))?.publicKey,
    chain(agentId, after, to) {
      const from = after
      try {
        const { entries } = archive.entriesBetween(bytes(agentId), from, to)
        return entries.map((row) => parseEntry(row.bytes, primitives))
      } catch {
        return null
      }
    },
    holds: (agentId, head) =>
      archive
        .entriesAt(bytes(agentId), head.boot, head.seq)
        .some((row) => toHex0x(row.hash) === toHex0x(head.hash)),
    async addFromPeer(entries) {
      await ingest.ingestPeerEntries(entries)
    },
  }
}

function bytes(agentId: Hex): Uint8Array {
  return fromHex(agentId) as Uint8Array
}
