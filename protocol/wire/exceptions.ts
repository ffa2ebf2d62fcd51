import { concat, toHex0x } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import { uintWord } from './abi.ts'
import type { Hex } from './chainView.ts'
import { keccak256 } from './keccak.ts'
import type { Leaf } from './leaf.ts'
import { unpackTriggers } from './leafFields.ts'

/** The part of a leaf that the on-chain status map follows. */
export type MapEntry = Pick<Leaf, 'tokenId' | 'generation' | 'status' | 'level' | 'triggers'>

/** The exceptions of one round, ready to be posted. */
export type Exceptions = {
  /** Each at most 256 words, ascending by token. */
  readonly chunks: readonly (readonly bigint[])[]
  readonly chunkHashes: readonly Hex[]
  /** keccak256(abi.encode(bytes32[] chunk hashes)). */
  readonly hash: Hex
}

/** Exceptions per chunk. */
export const CHUNK_SIZE = 256

const PENDING = 2

/**
 * Entries that differ from the last round with an open map (PROTOCOL §6): a new token or generation, another status or
 * level, or another state of a trigger that is PENDING or above on either side. Ascending by token.
 */
export function exceptionsAgainst<E extends MapEntry>(
  last: ReadonlyMap<bigint, MapEntry>,
  now: readonly E[],
): E[] {
  return now
    .filter((entry) => {
      const before = last.get(entry.tokenId)
      return (
        before === undefined ||
        before.generation !== entry.generation ||
        before.status !== entry.status ||
        before.level !== entry.level ||
        severeTriggers(before.triggers) !== severeTriggers(entry.triggers)
      )
    })
    .sort((a, b) => (a.tokenId < b.tokenId ? -1 : a.tokenId > b.tokenId ? 1 : 0))
}

/**
 * Packs exceptions into words and chunks. A word is tokenId (176 bits) ‖ generation (32) ‖ status (8) ‖ level (8) ‖
 * triggers (32); a chunk hash is the keccak256 of its words one after the other. Takes them strictly ascending by
 * token; throws PROTO_INPUT otherwise or when a field does not fit.
 */
export function packExceptions(entries: readonly MapEntry[]): Exceptions {
  const words = entries.map((entry, i) => {
    if (i > 0 && (entries[i - 1] as MapEntry).tokenId >= entry.tokenId) {
      throw protoError('PROTO_INPUT', { field: 'tokenId', found: entry.tokenId, wanted: 'ascending order' })
    }
    return packEntry(entry)
  })
  const chunks: bigint[][] = []
  for (let i = 0; i < words.length; i += CHUNK_SIZE) chunks.push(words.slice(i, i + CHUNK_SIZE))
  const chunkHashes = chunks.map((chunk) =>
    keccak256(concat(...chunk.map((word) => uintWord(word, 256, 'exception')))),
  )
  const hash = keccak256(
    concat(uintWord(32, 256, 'offset'), uintWord(chunkHashes.length, 256, 'length'), ...chunkHashes),
  )
  return { chunks, chunkHashes: chunkHashes.map(toHex0x), hash: toHex0x(hash) }
}

/** exceptionsHash of a round without exceptions. */
export function noExceptions(): Hex {
  return packExceptions([]).hash
}

/** The fields of one exception word. */
export function unpackException(word: bigint): MapEntry {
  return {
    tokenId: word >> 80n,
    generation: Number((word >> 48n) & 0xffffffffn),
    status: Number((word >> 40n) & 0xffn),
    level: Number((word >> 32n) & 0xffn),
    triggers: Number(word & 0xffffffffn),
  }
}

function packEntry(entry: MapEntry): bigint {
  for (const [field, bits] of [
    ['tokenId', 176],
    ['generation', 32],
    ['status', 8],
    ['level', 8],
    ['triggers', 32],
  ] as const) {
    uintWord(entry[field], bits, field)
  }
  return (
    (entry.tokenId << 80n) |
    (BigInt(entry.generation) << 48n) |
    (BigInt(entry.status) << 40n) |
    (BigInt(entry.level) << 32n) |
    BigInt(entry.triggers)
  )
}

/** The trigger word with everything below PENDING taken as CLEAR: WATCH alone is no exception. */
function severeTriggers(triggers: number): string {
  return unpackTriggers(triggers)
    .map((state) => (state >= PENDING ? state : 0))
    .join()
}
