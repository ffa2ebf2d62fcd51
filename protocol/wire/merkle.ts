import { compareBytes, concat } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import { keccak256 } from './keccak.ts'

/** A tree over leaf hashes. */
export type MerkleTree = {
  /** 32 bytes; all zero when there is no leaf. */
  readonly root: Uint8Array
  /** Siblings from the leaf to the root. Throws PROTO_MERKLE when the tree does not hold the hash. */
  proof(leafHash: Uint8Array): Uint8Array[]
}

/**
 * Builds the tree of OpenZeppelin's StandardMerkleTree over 32-byte leaf hashes: sorted ascending, laid out as a flat
 * complete binary tree, each pair hashed in ascending order. The order of `leafHashes` does not matter.
 */
export function merkleTree(leafHashes: readonly Uint8Array[]): MerkleTree {
  const sorted = leafHashes.toSorted(compareBytes)
  const count = sorted.length
  const size = Math.max(0, 2 * count - 1)
  const nodes = new Uint8Array(32 * size)
  const node = (i: number) => nodes.subarray(32 * i, 32 * i + 32)
  for (const [i, leaf] of sorted.entries()) nodes.set(leaf, 32 * (size - 1 - i))
  for (let i = count - 2; i >= 0; i--) nodes.set(hashPair(node(2 * i + 1), node(2 * i + 2)), 32 * i)

  return {
    root: size === 0 ? new Uint8Array(32) : node(0).slice(),
    proof(leafHash) {
      const at = search(sorted, leafHash)
      if (at < 0) throw protoError('PROTO_MERKLE', { found: 'a leaf that is not in this tree' })
      const siblings: Uint8Array[] = []
      for (let i = size - 1 - at; i > 0; i = (i - 1) >> 1)
        siblings.push(node(i % 2 === 0 ? i - 1 : i + 1).slice())
      return siblings
    },
  }
}

/** Whether `proof` leads from `leafHash` to `root`. False for an all-zero root: an empty tree holds nothing. */
export function verifyMerkleProof(
  root: Uint8Array,
  leafHash: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (root.length !== 32 || leafHash.length !== 32 || proof.some((sibling) => sibling.length !== 32))
    return false
  const computed = proof.reduce((hash, sibling) => hashPair(hash, sibling), leafHash)
  return root.some((byte) => byte !== 0) && compareBytes(computed, root) === 0
}

function hashPair(a: Uint8Array, b: Uint8Array): Uint8Array {
  return keccak256(compareBytes(a, b) <= 0 ? concat(a, b) : concat(b, a))
}

function search(sorted: readonly Uint8Array[], wanted: Uint8Array): number {
  let low = 0
  let high = sorted.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const order = compareBytes(sorted[middle] as Uint8Array, wanted)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1
}
