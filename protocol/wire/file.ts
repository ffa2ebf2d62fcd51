import { concat, sameBytes } from '../bytes.ts'
import type { Primitives } from '../primitives.ts'
import { protoError } from '../protoErrors.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { asArray, asBytes } from './shape.ts'

/** What an `.assay` file can hold. The body of each kind is in `fileBodies.ts` or, for `round`, `roundBundle.ts`. */
export const FILE_KINDS = [
  'entry',
  'archive',
  'ack',
  'ackList',
  'epochNotice',
  'proposal',
  'dissent',
  'report',
  'admission',
  'enrolment',
  'assetProof',
  'round',
] as const
export type FileKind = (typeof FILE_KINDS)[number]

/** A file taken apart. `body` is the encoded body; `digestHolds` is false when any byte of the file was changed. */
export type AssayFile = { readonly kind: FileKind; readonly body: Uint8Array; readonly digestHolds: boolean }

const TYPE = 'assay/file/1'
const DIGEST_BYTES = 32
// Head of a byte string of 32 bytes: what stands before the digest.
const DIGEST_HEAD = Uint8Array.of(0x58, DIGEST_BYTES)

/**
 * A file that carries everything needed to check one object offline: CBOR ["assay/file/1", kind, body, digest]. The
 * digest is SHA-256 over every byte of the file before it and its head: it finds damage, it proves nothing about who
 * wrote the file.
 */
export function encodeFile(kind: FileKind, body: Uint8Array, sha256: Primitives['sha256']): Uint8Array {
  const whole = encodeCbor([TYPE, kind, body, new Uint8Array(DIGEST_BYTES)])
  const covered = whole.subarray(0, whole.length - DIGEST_BYTES - DIGEST_HEAD.length)
  return concat(covered, DIGEST_HEAD, sha256(covered))
}

/**
 * Takes a file apart; `body` is a view of `bytes`. A wrong digest is told, not thrown, so that a deeper check can name
 * the part that was changed.
 * @throws AssayError PROTO_CBOR or PROTO_SHAPE when it is not an Assay file at all
 */
export function decodeFile(bytes: Uint8Array, sha256: Primitives['sha256']): AssayFile {
  const parts = asArray(decodeCbor(bytes), 'file', 4)
  if (parts[0] !== TYPE)
    throw protoError('PROTO_SHAPE', {
      field: 'file.type',
      found: String(parts[0]).slice(0, 40),
      wanted: TYPE,
    })
  const kind = FILE_KINDS.find((each) => each === parts[1])
  if (!kind)
    throw protoError('PROTO_SHAPE', {
      field: 'file.kind',
      found: String(parts[1]).slice(0, 40),
      wanted: FILE_KINDS.join(', '),
    })
  const body = asBytes(parts[2], 'file.body')
  const digest = asBytes(parts[3], 'file.digest', DIGEST_BYTES)
  const covered = bytes.subarray(0, bytes.length - DIGEST_BYTES - DIGEST_HEAD.length)
  return { kind, body, digestHolds: sameBytes(sha256(covered), digest) }
}
