import { concat, sameBytes, utf8 } from '../bytes.ts'
import type { Primitives, Signer } from '../primitives.ts'
import { protoError } from '../protoErrors.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { asArray, asBytes } from './shape.ts'

/** The kinds of object that Assay signs with ES256; each is its own `typ` (RFC 9596), so none passes for another. */
export type CoseType =
  | 'assay/header/1'
  | 'assay/ack/1'
  | 'assay/acklist/1'
  | 'assay/epoch/1'
  | 'assay/proposal/1'
  | 'assay/enrolment/1'
  | 'assay/dissent/1'

/** A COSE_Sign1 object taken apart. `toBeSigned` is the Sig_structure that the signature covers. */
export type Sign1 = {
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  readonly toBeSigned: Uint8Array
}

const COSE_SIGN1_TAG = 0xd2

/** What every object of a type begins with: computed once, since a node reads thousands a second. */
type Prefixes = {
  /** The one protected header of the type: {1: -7 (ES256), 16: typ}. */
  readonly head: Uint8Array
  /** Sig_structure up to the payload. */
  readonly signed: Uint8Array
  /** The type as domain prefix of a payload hash. */
  readonly hashed: Uint8Array
}

const prefixesOf = new Map<CoseType, Prefixes>()

function prefixes(type: CoseType): Prefixes {
  let known = prefixesOf.get(type)
  if (!known) {
    const head = encodeCbor(
      new Map<number, number | string>([
        [1, -7],
        [16, type],
      ]),
    )
    const empty = encodeCbor(['Signature1', head, new Uint8Array(0), new Uint8Array(0)])
    known = { head, signed: empty.subarray(0, empty.length - 1), hashed: utf8(type) }
    prefixesOf.set(type, known)
  }
  return known
}

/** Sig_structure of RFC 9052 §4.4 with empty external data. */
function sigStructure(type: CoseType, payload: Uint8Array): Uint8Array {
  return concat(prefixes(type).signed, encodeCbor(payload))
}

/** Signs a payload as tagged COSE_Sign1 (RFC 9052 §4.2), ES256 in low-s form. */
export async function sign1(type: CoseType, payload: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const signature = await signer.sign(sigStructure(type, payload))
  const body = encodeCbor([prefixes(type).head, new Map(), payload, signature])
  return concat(Uint8Array.of(COSE_SIGN1_TAG), body)
}

/**
 * Takes a COSE_Sign1 of one type apart without verifying it.
 * @throws AssayError PROTO_CBOR, PROTO_SHAPE or PROTO_COSE
 */
export function parseSign1(type: CoseType, bytes: Uint8Array): Sign1 {
  if (bytes[0] !== COSE_SIGN1_TAG)
    throw protoError('PROTO_COSE', {
      wanted: `tag 18, type ${type}`,
      found: `first byte ${bytes[0] ?? 'none'}`,
    })
  const parts = asArray(decodeCbor(bytes.subarray(1)), 'COSE_Sign1', 4)
  const head = asBytes(parts[0], 'protected')
  if (!sameBytes(head, prefixes(type).head))
    throw protoError('PROTO_COSE', { wanted: type, found: 'another protected header' })
  if (!(parts[1] instanceof Map) || parts[1].size !== 0)
    throw protoError('PROTO_COSE', { field: 'unprotected', wanted: 'an empty map' })
  const payload = asBytes(parts[2], 'payload')
  const signature = asBytes(parts[3], 'signature', 64)
  return { payload, signature, toBeSigned: sigStructure(type, payload) }
}

/** Whether the signature of a parsed object verifies under a P-256 key (65 bytes). */
export function verifySign1(object: Sign1, publicKey: Uint8Array, primitives: Primitives): boolean {
  return primitives.verifyP256(publicKey, object.toBeSigned, object.signature)
}

/**
 * The verified payload.
 * @throws AssayError as {@link parseSign1}, or PROTO_SIGNATURE
 */
export function openSign1(
  type: CoseType,
  bytes: Uint8Array,
  publicKey: Uint8Array,
  primitives: Primitives,
): Uint8Array {
  const object = parseSign1(type, bytes)
  if (!verifySign1(object, publicKey, primitives)) throw protoError('PROTO_SIGNATURE', { type })
  return object.payload
}

/** Domain-separated SHA-256 of a signed payload: the id of an object. It never covers a signature. */
export function payloadHash(type: CoseType, payload: Uint8Array, sha256: Primitives['sha256']): Uint8Array {
  return sha256(concat(prefixes(type).hashed, payload))
}
