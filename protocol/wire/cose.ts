import { sameBytes, utf8 } from '../bytes.ts'
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
const protectedOf = new Map<CoseType, Uint8Array>()

/** The one protected header of a type: {1: -7 (ES256), 16: typ}. */
function protectedHeader(type: CoseType): Uint8Array {
  let bytes = protectedOf.get(type)
  if (!bytes) {
    bytes = encodeCbor(
      new Map<number, number | string>([
        [1, -7],
        [16, type],
      ]),
    )
    protectedOf.set(type, bytes)
  }
  return bytes
}

/** Sig_structure of RFC 9052 §4.4 with empty external data. */
function sigStructure(protectedBytes: Uint8Array, payload: Uint8Array): Uint8Array {
  return encodeCbor(['Signature1', protectedBytes, new Uint8Array(0), payload])
}

/** Signs a payload as tagged COSE_Sign1 (RFC 9052 §4.2), ES256 in low-s form. */
export async function sign1(type: CoseType, payload: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const head = protectedHeader(type)
  const signature = await signer.sign(sigStructure(head, payload))
  const body = encodeCbor([head, new Map(), payload, signature])
  const out = new Uint8Array(body.length + 1)
  out[0] = COSE_SIGN1_TAG
  out.set(body, 1)
  return out
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
  const wanted = protectedHeader(type)
  if (!sameBytes(head, wanted))
    throw protoError('PROTO_COSE', { wanted: type, found: 'another protected header' })
  if (!(parts[1] instanceof Map) || parts[1].size !== 0)
    throw protoError('PROTO_COSE', { field: 'unprotected', wanted: 'an empty map' })
  const payload = asBytes(parts[2], 'payload')
  const signature = asBytes(parts[3], 'signature', 64)
  return { payload, signature, toBeSigned: sigStructure(wanted, payload) }
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
  const prefix = utf8(type)
  const all = new Uint8Array(prefix.length + payload.length)
  all.set(prefix)
  all.set(payload, prefix.length)
  return sha256(all)
}
