import { sameBytes } from '../bytes.ts'
import { noblePrimitives } from '../noblePrimitives.ts'
import type { Primitives, Signer } from '../primitives.ts'
import { protoError } from '../protoErrors.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { parseSign1, type Sign1, sign1 } from './cose.ts'
import { decodeHeader, encodeHeader, type Header, headerHash } from './header.ts'
import { MAX_CELLS, MAX_ENTRY_BYTES, MAX_EVIDENCE, MAX_EVIDENCE_BYTES, MAX_SEGMENTS } from './limits.ts'
import { decodeSegment, type Segment } from './segment.ts'
import { asArray, asBytes, asList } from './shape.ts'

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

/**
 * Signs a header and puts the entry together. `bodies` must be those that the header lists. What a reader would refuse
 * is refused here, before it is signed: an agent never has an entry in its log that no node can ack.
 * @throws AssayError PROTO_SHAPE, PROTO_LIMIT or PROTO_DIGEST
 */
export async function signEntry(
  header: Header,
  bodies: readonly Uint8Array[],
  signer: Signer,
): Promise<Uint8Array> {
  const payload = encodeHeader(header)
  const read = decodeHeader(payload)
  matchBodies(read, bodies, noblePrimitives.sha256)
  decodeSegments(read, bodies)
  const bytes = encodeCbor([await sign1('assay/header/1', payload, signer), [...bodies]])
  checkSize(bytes)
  return bytes
}

/**
 * Takes an entry apart. Neither signature nor digests are checked here: see {@link checkBodies} and `verifySign1`.
 * @throws AssayError PROTO_LIMIT, PROTO_CBOR, PROTO_COSE or PROTO_SHAPE
 */
export function parseEntry(bytes: Uint8Array, primitives: Primitives): Entry {
  checkSize(bytes)
  const parts = asArray(decodeCbor(bytes), 'entry', 2)
  const cose = asBytes(parts[0], 'entry.header')
  const bodies = asList(parts[1], 'entry.bodies', MAX_SEGMENTS + MAX_EVIDENCE).map((body) =>
    asBytes(body, 'entry.bodies'),
  )
  const signed = parseSign1('assay/header/1', cose)
  const header = decodeHeader(signed.payload)
  return { bytes, cose, sign1: signed, header, hash: headerHash(signed.payload, primitives.sha256), bodies }
}

/**
 * Proves that the bodies are exactly those that the signed header lists.
 * @throws AssayError PROTO_DIGEST, PROTO_SHAPE or PROTO_LIMIT
 */
export function checkBodies(entry: Entry, primitives: Primitives): void {
  matchBodies(entry.header, entry.bodies, primitives.sha256)
}

/**
 * The decoded segments of an entry. That a subject occurs once is a rule of scoring, which gives it its own verdict.
 * @throws AssayError PROTO_CBOR, PROTO_SHAPE or PROTO_LIMIT
 */
export function entrySegments(entry: Entry): Segment[] {
  return decodeSegments(entry.header, entry.bodies)
}

function matchBodies(header: Header, bodies: readonly Uint8Array[], sha256: Primitives['sha256']): void {
  const digests = [...header.segments, ...header.evidence]
  if (digests.length !== bodies.length)
    throw protoError('PROTO_SHAPE', { field: 'entry.bodies', found: bodies.length, wanted: digests.length })
  bodies.forEach((body, i) => {
    if (i >= header.segments.length && body.length > MAX_EVIDENCE_BYTES)
      throw protoError('PROTO_LIMIT', {
        field: `body ${i}`,
        found: body.length,
        wanted: `at most ${MAX_EVIDENCE_BYTES} bytes`,
      })
    if (!sameBytes(sha256(body), digests[i] as Uint8Array))
      throw protoError('PROTO_DIGEST', { field: `body ${i}` })
  })
}

function decodeSegments(header: Header, bodies: readonly Uint8Array[]): Segment[] {
  let cells = 0
  return header.segments.map((_, i) => {
    const segment = decodeSegment(bodies[i] as Uint8Array, header.times.length)
    if (segment.kind !== 'telemetry') return segment
    cells += segment.columns.length * header.times.length
    if (cells > MAX_CELLS)
      throw protoError('PROTO_LIMIT', { field: 'entry', found: cells, wanted: `at most ${MAX_CELLS} cells` })
    return segment
  })
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length > MAX_ENTRY_BYTES)
    throw protoError('PROTO_LIMIT', {
      field: 'entry',
      found: bytes.length,
      wanted: `at most ${MAX_ENTRY_BYTES} bytes`,
    })
}
