import type { Archive } from '../archive/archive.ts'
import type { RoundStore } from '../rounds/ports.ts'

/** The round store of a node: rows of its archive, so that one durable file holds all that a node ever said. */
export function createArchiveRounds(archive: Archive): RoundStore {
  return {
    get: (n, kind, key) => archive.getRound(n, kind, key),
    put: (n, kind, bytes, key) => archive.putRound(n, kind, bytes, key),
  }
}
