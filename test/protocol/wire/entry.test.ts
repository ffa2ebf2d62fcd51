import fc from 'fast-check'
import t from 'tap'
import { sameBytes } from '#protocol/bytes'
import { noblePrimitives } from '#protocol/noblePrimitives'
import { nobleSigner } from '#protocol/nobleSigner'
import { createNodePrimitives } from '#protocol/node/nodePrimitives'
import { encodeCbor } from '#protocol/wire/cbor'
import { valueCell } from '#protocol/wire/cell'
import { sign1, verifySign1 } from '#protocol/wire/cose'
import { checkBodies, entrySegments, parseEntry, signEntry } from '#protocol/wire/entry'
import { decodeHeader, encodeHeader, type Header, headerHash } from '#protocol/wire/header'
import { MAX_COLUMNS, MAX_ROWS } from '#protocol/wire/limits'
import { decodeSegment, encodeSegment, type Segment } from '#protocol/wire/segment'
import { corpusBatch, corpusEntry, seededBytes } from '../../fixtures/corpus.ts'
import { holds } from '../../fixtures/property.ts'
import { throwsCode, valueOrCoded } from '../../fixtures/throwsCode.ts'
import { events, headers, mutate, mutations, telemetry } from '../../fixtures/wireValues.ts'

const { sha256 } = noblePrimitives
const signer = nobleSigner(seededBytes('agent'))

t.test('headers', async (t) => {
  await holds(t, 'come back', headers, (header) => {
    const payload = encodeHeader(header)
    const back = decodeHeader(payload)
    if (!sameBytes(encodeHeader(back), payload)) throw new Error('other bytes')
    const dropped = fc.stringify(back.counters.dropped.length)
    if (dropped !== fc.stringify(header.counters.dropped.length)) throw new Error('lost a dropped row')
    const rest = (h: Header) => fc.stringify({ ...h, counters: { ...h.counters, dropped: [] } })
    if (rest(back) !== rest(header)) throw new Error('another header')
  })
  await holds(
    t,
    'have one encoding',
    fc.tuple(headers, mutations),
    ([header, mutation]) => {
      const bytes = mutate(encodeHeader(header), mutation)
      const read = valueOrCoded(() => decodeHeader(bytes))
      if ('value' in read && !sameBytes(encodeHeader(read.value), bytes)) throw new Error('a second encoding')
    },
    3000,
  )
})

t.test('segments', async (t) => {
  const sized = fc
    .integer({ min: 1, max: 40 })
    .chain((rows) => fc.tuple(fc.constant(rows), fc.oneof(telemetry(rows), events)))
  await holds(t, 'come back', sized, ([rows, segment]) => {
    const back = decodeSegment(encodeSegment(segment), rows)
    if (fc.stringify(back) !== fc.stringify(segment)) throw new Error('another segment')
  })
  await holds(
    t,
    'have one encoding',
    fc.tuple(sized, mutations),
    ([[rows, segment], mutation]) => {
      const bytes = mutate(encodeSegment(segment), mutation)
      const read = valueOrCoded(() => decodeSegment(bytes, rows))
      if ('value' in read && !sameBytes(encodeSegment(read.value), bytes))
        throw new Error('a second encoding')
    },
    3000,
  )
  const salt = new Uint8Array(16)
  const refused: [string, Parameters<typeof encodeCbor>[0], number, string][] = [
    ['no array', 5, 1, 'PROTO_SHAPE'],
    ['a kind of its own', [2, salt, null, []], 1, 'PROTO_SHAPE'],
    ['a short salt', [0, salt.subarray(1), null, []], 1, 'PROTO_SHAPE'],
    ['telemetry without a sample time', [0, salt, null, []], 0, 'PROTO_SHAPE'],
    ['a metric without a column', [0, salt, null, [1]], 1, 'PROTO_SHAPE'],
    ['a metric twice', [0, salt, null, [1, 0, 1, 0]], 1, 'PROTO_SHAPE'],
    ['metrics out of order', [0, salt, null, [2, 0, 1, 0]], 1, 'PROTO_SHAPE'],
    ['more columns than allowed', [0, salt, null, new Array(2 * MAX_COLUMNS + 2).fill(0)], 1, 'PROTO_LIMIT'],
    ['more rows than allowed', [0, salt, null, []], MAX_ROWS + 1, 'PROTO_LIMIT'],
    [
      'more cells than allowed',
      [0, salt, null, Array.from({ length: 2 * 70 }, (_, i) => (i % 2 ? 0 : i / 2))],
      MAX_ROWS,
      'PROTO_LIMIT',
    ],
    ['more details than allowed', [1, salt, null, 1, 1, new Array(17).fill(0)], 1, 'PROTO_LIMIT'],
  ]
  for (const [name, items, rows, code] of refused)
    throwsCode(t, () => decodeSegment(encodeCbor(items), rows), code, `refused: ${name}`)
})

t.test('a batch of 8 GPUs, 10 samples, 40 metrics', async (t) => {
  const { bytes, header } = await corpusEntry({ seed: 'size', devices: 8, samples: 10 }, signer)
  t.comment(`${bytes.length} bytes, ${(bytes.length / 80).toFixed(1)} a sample`)
  t.ok(bytes.length <= 5000, `${bytes.length} of at most 5,000 bytes with header, signature and digests`)
  const entry = parseEntry(bytes, noblePrimitives)
  checkBodies(entry, noblePrimitives)
  t.ok(verifySign1(entry.sign1, signer.publicKey, noblePrimitives), 'verifies under noble')
  t.ok(verifySign1(entry.sign1, signer.publicKey, createNodePrimitives()), 'and under node:crypto')
  t.same(entry.hash, headerHash(encodeHeader(header), sha256), 'its id is the hash of the header payload')
  t.same(
    entrySegments(entry),
    corpusBatch({ seed: 'size', devices: 8, samples: 10 }).segments,
    'gives the readings back',
  )
  const again = await corpusEntry({ seed: 'size', devices: 8, samples: 10 }, signer)
  t.same(again.bytes, bytes, 'the corpus is reproducible')
})

t.test('a changed entry', async (t) => {
  const { bytes } = await corpusEntry({ seed: 'mutation', devices: 2, samples: 3 }, signer)
  const primitives = createNodePrimitives()
  await holds(
    t,
    'is a coded error or does not verify',
    fc.array(mutations, { minLength: 1, maxLength: 2 }),
    (all) => {
      const changed = all.reduce(mutate, bytes)
      if (sameBytes(changed, bytes)) return
      const verdict = valueOrCoded(() => {
        const entry = parseEntry(changed, primitives)
        checkBodies(entry, primitives)
        return verifySign1(entry.sign1, signer.publicKey, primitives)
      })
      if ('value' in verdict && verdict.value) throw new Error('verifies')
    },
    2000,
  )
})

t.test('an entry that a reader would refuse', async (t) => {
  const { header, bodies } = await corpusEntry({ seed: 'refused', devices: 2, samples: 3 }, signer)
  const attempt = async (name: string, code: string, change: Partial<Header>, other = bodies) =>
    t.rejects(signEntry({ ...header, ...change }, other, signer), { code }, name)
  const listing = (segments: readonly Segment[]) => {
    const list = segments.map(encodeSegment)
    return [{ segments: list.map((body) => sha256(body)) }, list] as const
  }
  await attempt('a body missing', 'PROTO_SHAPE', {}, bodies.slice(1))
  await attempt('bodies exchanged', 'PROTO_DIGEST', {}, [bodies[1]!, bodies[0]!, bodies[2]!])
  await attempt('another number of sample times', 'PROTO_SHAPE', { times: [0, 1] })
  await attempt('a fraction of a millisecond', 'PROTO_SHAPE', { times: [0, 0.5, 1] })
  await attempt('a negative sequence', 'PROTO_SHAPE', { seq: -1 })
  await attempt('a key id that is too short', 'PROTO_SHAPE', { kid: new Uint8Array(31) })
  const wide = (subject: number): Segment => ({
    kind: 'telemetry',
    salt: new Uint8Array(16),
    subject: new Uint8Array(32).fill(subject),
    columns: Array.from({ length: 60 }, (_, metric) => ({
      metric,
      cells: new Array(4096).fill(valueCell(1)),
    })),
  })
  const bomb = listing([wide(1), wide(2)])
  const times = Array.from({ length: 4096 }, (_, i) => i)
  await attempt('more cells than a reader takes', 'PROTO_LIMIT', { ...bomb[0], times }, bomb[1])
  const blob = new Uint8Array(192 * 1024 + 1)
  await attempt('evidence over its limit', 'PROTO_LIMIT', { segments: [], evidence: [sha256(blob)] }, [blob])
  const half = new Uint8Array(150 * 1024)
  const two = { segments: [], evidence: [sha256(half), sha256(half)] }
  await attempt('an entry over its limit', 'PROTO_LIMIT', two, [half, half])
  throwsCode(
    t,
    () => parseEntry(new Uint8Array(256 * 1024 + 1), noblePrimitives),
    'PROTO_LIMIT',
    'too long to read',
  )
})

t.test('a header inside another type', async (t) => {
  const payload = encodeHeader((await corpusEntry({ seed: 'type', devices: 1, samples: 1 }, signer)).header)
  const cose = await sign1('assay/ack/1', payload, signer)
  throwsCode(t, () => parseEntry(encodeCbor([cose, []]), noblePrimitives), 'PROTO_COSE', 'is refused')
})
