import { concat } from '../bytes.ts'
import { protoError } from '../protoErrors.ts'
import type { Hex } from './chainView.ts'
import { recoverSigner } from './reportSignature.ts'

/** Signatures of some roster nodes over one digest, as the contracts take them. */
export type Quorum = {
  /** Bit i set: node i of the config signed. At most 31 bits. */
  readonly bitmap: number
  /** 64 bytes (EIP-2098) for each set bit, lowest bit first. */
  readonly signatures: Uint8Array
}

/** Packs signatures by roster index. Throws PROTO_INPUT for an index above 30 or a signature that is not 64 bytes. */
export function packQuorum(byIndex: ReadonlyMap<number, Uint8Array>): Quorum {
  const indices = [...byIndex.keys()].sort((a, b) => a - b)
  let bitmap = 0
  for (const index of indices) {
    const length = byIndex.get(index)?.length
    if (!Number.isInteger(index) || index < 0 || index > 30 || length !== 64) {
      throw protoError('PROTO_INPUT', {
        field: 'signature',
        found: `index ${index}, ${length} bytes`,
        wanted: 'index 0 to 30, 64 bytes',
      })
    }
    bitmap |= 1 << index
  }
  return { bitmap, signatures: concat(...indices.map((index) => byIndex.get(index) as Uint8Array)) }
}

/**
 * Checks a quorum as the contract does: each set bit has one low-s signature of exactly that roster address, and there
 * are at least `threshold`. Returns the signers' indices. Throws PROTO_SIGNATURE or PROTO_HIGH_S.
 */
export function verifyQuorum(
  digest: Uint8Array,
  quorum: Quorum,
  signers: readonly Hex[],
  threshold: number,
): number[] {
  const indices: number[] = []
  for (let i = 0; i < 31; i++) if (quorum.bitmap & (1 << i)) indices.push(i)
  if (quorum.bitmap >>> 31 !== 0 || quorum.signatures.length !== 64 * indices.length) {
    throw protoError('PROTO_SIGNATURE', {
      found: `${quorum.signatures.length} bytes`,
      wanted: `${64 * indices.length}`,
    })
  }
  if (indices.length < threshold) {
    throw protoError('PROTO_SIGNATURE', {
      found: `${indices.length} signers`,
      wanted: `at least ${threshold}`,
    })
  }
  for (const [at, index] of indices.entries()) {
    const signer = recoverSigner(digest, quorum.signatures.subarray(64 * at, 64 * at + 64))
    if (signer !== signers[index]?.toLowerCase()) {
      throw protoError('PROTO_SIGNATURE', { index, found: signer, wanted: signers[index] ?? 'no such node' })
    }
  }
  return indices
}
