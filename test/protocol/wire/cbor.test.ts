import { readFileSync } from 'node:fs'
import { decode as cbor2Decode, encode as cbor2Encode } from 'cbor2'
import { decode as cborgDecode, encode as cborgEncode, rfc8949EncodeOptions } from 'cborg'
import fc from 'fast-check'
import t from 'tap'
import { sameBytes, toHex } from '#protocol/bytes'
import { type CborValue, decodeCbor, encodeCbor } from '#protocol/wire/cbor'
import { holds } from '../../fixtures/property.ts'
import { sharedData } from '../../fixtures/sharedData.ts'
import { throwsCode, valueOrCoded } from '../../fixtures/throwsCode.ts'
import { cborValues, mutate, mutations } from '../../fixtures/wireValues.ts'

const accepts = (bytes: Uint8Array) => 'value' in valueOrCoded(() => decodeCbor(bytes))

/** Whether a value is made of nothing but what Assay's CBOR holds. */
function isOurs(value: unknown): value is CborValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return true
  if (typeof value === 'string' || value instanceof Uint8Array) return true
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (Array.isArray(value)) return value.every(isOurs)
  if (!(value instanceof Map)) return false
  return [...value].every(
    ([key, each]) => (typeof key === 'string' || Number.isSafeInteger(key)) && isOurs(each),
  )
}

/** The verdict of cborg: it decodes, to our kinds of value, whose only encoding these bytes are. */
function cborgAccepts(bytes: Uint8Array): boolean {
  try {
    const value = cborgDecode(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      rejectDuplicateMapKeys: true,
      useMaps: true,
    })
    return isOurs(value) && sameBytes(cborgEncode(value, rfc8949EncodeOptions), bytes)
  } catch {
    return false
  }
}

/** The verdict of cbor2 in its deterministic mode, which knows tags and floats that Assay does not use. */
function cbor2Accepts(bytes: Uint8Array): boolean {
  try {
    const value = cbor2Decode(bytes, { cde: true, preferMap: true })
    return isOurs(value) && sameBytes(cbor2Encode(value, { cde: true }), bytes)
  } catch {
    return false
  }
}

t.test('every value', async (t) => {
  await holds(t, 'comes back equal and has the bytes of cborg and cbor2', cborValues, (value) => {
    const bytes = encodeCbor(value)
    const back = decodeCbor(bytes)
    if (!sameBytes(encodeCbor(back), bytes)) throw new Error('another value came back')
    if (!sameBytes(cborgEncode(value, rfc8949EncodeOptions), bytes)) throw new Error('cborg differs')
    if (!sameBytes(cbor2Encode(value, { cde: true }), bytes)) throw new Error('cbor2 differs')
  })
})

t.test('every string of bytes', async (t) => {
  const near = fc
    .tuple(cborValues, fc.array(mutations, { minLength: 1, maxLength: 3 }))
    .map(([value, all]) => all.reduce(mutate, encodeCbor(value)))
  const short = fc.uint8Array({ maxLength: 6 })
  const headed = fc
    .tuple(
      fc.constantFrom(0x18, 0x1b, 0x38, 0x58, 0x5f, 0x78, 0x81, 0x98, 0x9f, 0xa1, 0xa2, 0xbf, 0xf9),
      short,
    )
    .map(([head, rest]) => Uint8Array.of(head, ...rest))
  await holds(
    t,
    'has one verdict from this reader, cborg and cbor2',
    fc.oneof(near, short, headed),
    (bytes) => {
      // Both libraries drop a byte order mark when they decode; it is tested on its own.
      if (toHex(bytes).includes('efbbbf')) return
      const ours = accepts(bytes)
      if (ours !== cborgAccepts(bytes)) throw new Error(`cborg: ${!ours}, this reader: ${ours}`)
      if (ours !== cbor2Accepts(bytes)) throw new Error(`cbor2: ${!ours}, this reader: ${ours}`)
    },
    4000,
  )
  await holds(
    t,
    'that decodes has no other encoding',
    fc.oneof(near, short, headed),
    (bytes) => {
      const result = valueOrCoded(() => decodeCbor(bytes))
      if ('value' in result && !sameBytes(encodeCbor(result.value), bytes)) throw new Error(toHex(bytes))
    },
    4000,
  )
})

t.test('what is refused', async (t) => {
  const refused: Record<string, number[]> = {
    nothing: [],
    'a second item': [0x00, 0x00],
    'an integer in two bytes that fits one': [0x18, 0x17],
    'an integer in three bytes that fits two': [0x19, 0x00, 0xff],
    'an integer in nine bytes that fits five': [0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
    'a length in two bytes that fits one': [0x58, 0x01, 0x00],
    'an integer as half float': [0xf9, 0x3c, 0x00],
    'an integer as double': [0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0],
    'a fraction': [0xf9, 0x3e, 0x00],
    'not a number': [0xf9, 0x7e, 0x00],
    undefined: [0xf7],
    'a simple value': [0xe0],
    'a tag': [0xc1, 0x00],
    'a bignum': [0xc2, 0x41, 0x01],
    'an indefinite array': [0x9f, 0xff],
    'an indefinite byte string': [0x5f, 0x41, 0x00, 0xff],
    'an indefinite map': [0xbf, 0xff],
    'a break alone': [0xff],
    'a reserved head': [0x1c],
    'a key twice': [0xa2, 0x01, 0x00, 0x01, 0x00],
    'keys out of order': [0xa2, 0x02, 0x00, 0x01, 0x00],
    'a long key before a short one': [0xa2, 0x62, 0x61, 0x61, 0x00, 0x61, 0x62, 0x00],
    'a key of bytes': [0xa1, 0x41, 0x00, 0x00],
    'a key of 64 bits': [0xa1, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00],
    'text that is not UTF-8': [0x61, 0xff],
    'text with half a surrogate pair': [0x63, 0xed, 0xa0, 0x80],
    'an array longer than the bytes': [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    'an array of four thousand million': [0x9a, 0xff, 0xff, 0xff, 0xff, 0x00],
    'bytes longer than the bytes': [0x5a, 0x7f, 0xff, 0xff, 0xff, 0x00],
    'a map longer than the bytes': [0xba, 0x7f, 0xff, 0xff, 0xff, 0x00],
  }
  for (const [name, bytes] of Object.entries(refused))
    throwsCode(t, () => decodeCbor(Uint8Array.from(bytes)), 'PROTO_CBOR', name)
  throwsCode(
    t,
    () => decodeCbor(new Uint8Array(250_000).fill(0x81)),
    'PROTO_CBOR',
    '250,000 levels of arrays',
  )
  const maps = new Uint8Array(250_000).map((_, i) => (i % 2 ? 0x00 : 0xa1))
  throwsCode(t, () => decodeCbor(maps), 'PROTO_CBOR', '125,000 levels of maps')
})

t.test('what is not encoded', async (t) => {
  const foreign: Record<string, unknown> = {
    'a fraction': 1.5,
    'an unsafe integer': 2 ** 53,
    'not a number': Number.NaN,
    undefined: undefined,
    'a plain object': { a: 1 },
    'half a surrogate pair': '\ud800',
    'half a surrogate pair as key': new Map([['\ud800', 1]]),
    'a bigint of 65 bits': 2n ** 64n,
    'a function': () => 0,
  }
  for (const [name, value] of Object.entries(foreign))
    throwsCode(t, () => encodeCbor([value as CborValue]), 'PROTO_SHAPE', name)
  t.equal(decodeCbor(encodeCbor('\ufeffx')), '\ufeffx', 'a byte order mark is text like any other')
  t.same(encodeCbor(-0), encodeCbor(0), 'minus zero is zero')
})

t.test('a Buffer', async (t) => {
  const plain = encodeCbor([new Uint8Array([1, 2, 3]), 'x'])
  const pooled = Buffer.concat([Buffer.from([9, 9]), plain]).subarray(2)
  const [first] = decodeCbor(pooled) as [Uint8Array]
  t.equal(first.constructor, Uint8Array, 'decodes to plain byte arrays')
  t.same(encodeCbor([Buffer.from([1, 2, 3]), 'x']), plain, 'encodes as its bytes')
})

t.test('the examples of RFC 8949 appendix A', async (t) => {
  const path = sharedData(t, 'vectors/cbor/appendix_a.json')
  if (!path) return
  const vectors: { hex: string }[] = JSON.parse(readFileSync(path, 'utf8'))
  let ours = 0
  for (const { hex } of vectors) {
    const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
    const verdict = accepts(bytes)
    if (verdict) ours++
    t.equal(verdict, cborgAccepts(bytes), `${hex}: ${verdict ? 'accepted' : 'refused'} as by cborg`)
  }
  t.ok(ours > 20, `${ours} of ${vectors.length} are within Assay's CBOR`)
})
