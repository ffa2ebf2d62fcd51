import { sameBytes } from '../bytes.ts'
import type { Primitives, Signer } from '../primitives.ts'
import { protoError } from '../protoErrors.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { parseSign1, type Sign1, sign1 } from './cose.ts'
import { decodeHeader, encodeHeader, type Header, headerHash } from './header.ts'
import { MAX_ENTRY_BYTES } from './limits.ts'
import { decodeSegment, type Segment } from './segment.ts'
import { asArray, asBytes } from './shape.ts'

/**
 * One log entry as carried and archived: [signed header, bodies]. Bodies are segments in the order of the header's
 * segment digests, then evidence blobs in the order of its evidence digests.
 */
export type Entry = {
  /** The bytes as they came: what archives keep. */
  readonly bytes: Uint8Array
  readonly cose: Uint8Array
  readonly sign1: Sign1
  readonly header: Header
  readonly hash: Uint8Array
  readonly bodies: readonly Uint8Array[]
}

/** Signs a header and puts the entry together. `bodies` must be those that the header lists. */
export async function signEntry(
  header: Header,
  bodies: readonly Uint8Array[],
  signer: Signer,
): Promise<Uint8Array> {
  const cose = await sign1('assay/header/1', encodeHeader(header), signer)
  return encodeCbor([cose, [...bodies]])
}

/**
 * Takes an entry apart. Neither signature nor digests are checked here: see {@link checkBodies} and `verifySign1`.
 * @throws AssayError PROTO_LIMIT, PROTO_CBOR, PROTO_COSE or PROTO_SHAPE
 */
export function parseEntry(bytes: Uint8Array, primitives: Primitives): Entry {
  if (bytes.length > MAX_ENTRY_BYTES)
    throw protoError('PROTO_LIMIT', {
      field: 'entry',
      found: bytes.length,
      wanted: `at most ${MAX_ENTRY_BYTES} bytes`,
    })
  const parts = asArray(decodeCbor(bytes), 'entry', 2)
  const cose = asBytes(parts[0], 'entry.header')
  const bodies = asArray(parts[1], 'entry.bodies').map((body) => asBytes(body, 'entry.bodies'))
  const signed = parseSign1('assay/header/1', cose)
  const header = decodeHeader(signed.payload)
  return { bytes, cose, sign1: signed, header, hash: headerHash(signed.payload, primitives.sha256), bodies }
}

/**
 * Proves that the bodies are exactly those that the signed header lists.
 * @throws AssayError PROTO_DIGEST or PROTO_SHAPE
 */
export function checkBodies(entry: Entry, primitives: Primitives): void {
  const digests = [...entry.header.segments, ...entry.header.evidence]
  if (digests.length !== entry.bodies.length)
    throw protoError('PROTO_SHAPE', {
      field: 'entry.bodies',
      found: entry.bodies.length,
      wanted: digests.length,
    })
  entry.bodies.forEach((body, i) => {
    if (!sameBytes(primitives.sha256(body), digests[i] as Uint8Array))
      throw protoError('PROTO_DIGEST', { field: `body ${i}` })
  })
}

/**
 * The decoded segments of an entry.
 * @throws AssayError PROTO_CBOR, PROTO_SHAPE or PROTO_LIMIT
 */
export function entrySegments(entry: Entry): Segment[] {
  return entry.bodies
    .slice(0, entry.header.segments.length)
    .map((body) => decodeSegment(body, entry.header.times.length))
}
