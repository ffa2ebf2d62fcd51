import { sha256 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '../bytes.ts'
import { type CborValue, encodeCbor } from './cbor.ts'
import { asArray, asBytes, asText } from './shape.ts'

/** The parts of a device that `assetId` commits to, as first enrolled and then fixed (PROTOCOL §3). */
export type AssetIdentity = {
  readonly serial: string | null
  readonly boardPartNumber: string | null
  readonly uuid: string | null
  readonly pdi: string | null
  readonly moduleIndex: string | null
}

/** The CBOR form [serial, board part number, UUID, PDI, module index]. */
export function identityItems(identity: AssetIdentity): CborValue {
  return [identity.serial, identity.boardPartNumber, identity.uuid, identity.pdi, identity.moduleIndex]
}

/**
 * The identity of its CBOR form.
 * @throws AssayError PROTO_SHAPE or PROTO_LIMIT
 */
export function identityFromItems(value: CborValue | undefined): AssetIdentity {
  const items = asArray(value, 'identity', 5)
  const text = (at: number): string | null => (items[at] === null ? null : asText(items[at], 'identity', 128))
  return { serial: text(0), boardPartNumber: text(1), uuid: text(2), pdi: text(3), moduleIndex: text(4) }
}

/**
 * assetId = SHA-256("assay/asset/1" ‖ opening ‖ identity): public without revealing a serial. `opening` is 32 random bytes.
 * @throws AssayError PROTO_SHAPE for an opening of another length
 */
export function assetIdOf(opening: Uint8Array, identity: AssetIdentity): Uint8Array {
  asBytes(opening, 'opening', 32)
  return sha256(concat(utf8('assay/asset/1'), opening, encodeCbor(identityItems(identity))))
}
