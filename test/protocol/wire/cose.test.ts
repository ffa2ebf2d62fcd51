import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decode } from 'cborg'
import fc from 'fast-check'
import t from 'tap'
import { concat, fromHex, sameBytes, toHex, utf8 } from '#protocol/bytes'
import { noblePrimitives } from '#protocol/noblePrimitives'
import { nobleSigner } from '#protocol/nobleSigner'
import { createNodePrimitives } from '#protocol/node/nodePrimitives'
import { encodeCbor } from '#protocol/wire/cbor'
import { openSign1, parseSign1, payloadHash, sign1, verifySign1 } from '#protocol/wire/cose'
import { coseKeyThumbprint } from '#protocol/wire/coseKey'
import { seededBytes } from '../../fixtures/corpus.ts'
import { holds } from '../../fixtures/property.ts'
import { sharedData } from '../../fixtures/sharedData.ts'
import { throwsCode } from '../../fixtures/throwsCode.ts'
import { mutate, mutations } from '../../fixtures/wireValues.ts'

const signer = nobleSigner(seededBytes('cose'))
const node = createNodePrimitives()

t.test('signed objects', async (t) => {
  await holds(
    t,
    'open to their payload',
    fc.uint8Array({ maxLength: 400 }),
    async (payload) => {
      const object = await sign1('assay/ack/1', payload, signer)
      if (!sameBytes(openSign1('assay/ack/1', object, signer.publicKey, node), payload))
        throw new Error('other')
      const { toBeSigned } = parseSign1('assay/ack/1', object)
      const head = encodeCbor(
        new Map<number, number | string>([
          [1, -7],
          [16, 'assay/ack/1'],
        ]),
      )
      // RFC 9052 §4.4, by the general encoder.
      if (!sameBytes(toBeSigned, encodeCbor(['Signature1', head, new Uint8Array(0), payload])))
        throw new Error('another Sig_structure')
    },
    50,
  )
  const object = await sign1('assay/ack/1', utf8('payload'), signer)
  await holds(
    t,
    'do not open after any change',
    fc.array(mutations, { minLength: 1, maxLength: 2 }),
    (all) => {
      const changed = all.reduce(mutate, object)
      if (sameBytes(changed, object)) return
      try {
        openSign1('assay/ack/1', changed, signer.publicKey, node)
      } catch (error) {
        if ((error as { code?: string }).code?.startsWith('PROTO_')) return
        throw error
      }
      throw new Error('opened')
    },
    1000,
  )
  throwsCode(
    t,
    () => openSign1('assay/epoch/1', object, signer.publicKey, node),
    'PROTO_COSE',
    'another type',
  )
  const stranger = nobleSigner(seededBytes('stranger')).publicKey
  throwsCode(t, () => openSign1('assay/ack/1', object, stranger, node), 'PROTO_SIGNATURE', 'another key')
  t.notSame(
    payloadHash('assay/ack/1', utf8('x'), node.sha256),
    payloadHash('assay/epoch/1', utf8('x'), node.sha256),
    'ids of two types never meet',
  )
  t.same(
    payloadHash('assay/ack/1', utf8('x'), node.sha256),
    node.sha256(utf8('assay/ack/1x')),
    'prefix, then payload',
  )
})

t.test('other shapes of COSE', async (t) => {
  const head = encodeCbor(
    new Map<number, number | string>([
      [1, -7],
      [16, 'assay/ack/1'],
    ]),
  )
  const signature = new Uint8Array(64)
  const tagged = (...items: Parameters<typeof encodeCbor>[0][]) =>
    concat(Uint8Array.of(0xd2), encodeCbor(items))
  const cases: [string, Uint8Array, string][] = [
    ['untagged', encodeCbor([head, new Map(), signature, signature]), 'PROTO_COSE'],
    ['nothing', new Uint8Array(0), 'PROTO_COSE'],
    ['an unprotected header', tagged(head, new Map([[4, 1]]), signature, signature), 'PROTO_COSE'],
    ['an array as unprotected header', tagged(head, [], signature, signature), 'PROTO_COSE'],
    ['a detached payload', tagged(head, new Map(), null, signature), 'PROTO_SHAPE'],
    ['a short signature', tagged(head, new Map(), head, signature.subarray(1)), 'PROTO_SHAPE'],
    [
      'no algorithm',
      tagged(encodeCbor(new Map([[16, 'assay/ack/1']])), new Map(), head, signature),
      'PROTO_COSE',
    ],
    ['a fifth item', tagged(head, new Map(), head, signature, 0), 'PROTO_SHAPE'],
  ]
  for (const [name, bytes, code] of cases) throwsCode(t, () => parseSign1('assay/ack/1', bytes), code, name)
})

t.test('the COSE_Sign1 examples of the COSE working group', async (t) => {
  const folder = sharedData(t, 'vectors/cose/sign1-tests')
  if (!folder) return
  for (const name of readdirSync(folder)) {
    const vector = JSON.parse(readFileSync(join(folder, name), 'utf8'))
    const { key, external } = vector.input.sign0
    const bytes = fromHex(vector.output.cbor) as Uint8Array
    throwsCode(
      t,
      () => parseSign1('assay/header/1', bytes),
      ['PROTO_COSE', 'PROTO_CBOR'],
      `${name}: not of our types`,
    )
    const publicKey = concat(
      Uint8Array.of(4),
      Buffer.from(key.x, 'base64url'),
      Buffer.from(key.y, 'base64url'),
    )
    let items: unknown[]
    try {
      items = decode(bytes, { tags: { 18: (inner: () => unknown) => inner() }, useMaps: true }) as unknown[]
    } catch {
      t.ok(vector.fail, `${name}: no COSE_Sign1, and it must fail`)
      continue
    }
    const [carried, , payload, signature] = items as Uint8Array[]
    // RFC 9052 §4.4: an empty map is signed as no bytes at all.
    const head = toHex(carried!) === 'a0' ? new Uint8Array(0) : carried
    const context = external ? (fromHex(external) as Uint8Array) : new Uint8Array(0)
    const toBeSigned = encodeCbor(['Signature1', head!, context, payload!])
    const object = { payload: payload!, signature: signature!, toBeSigned }
    const [noble, fast] = [noblePrimitives, node].map((each) => verifySign1(object, publicKey, each))
    t.equal(noble, fast, `${name}: one verdict`)
    t.equal(noble, !vector.fail, `${name}: ${vector.fail ? 'fails' : 'passes'}`)
    if (!vector.fail)
      t.equal(
        toHex(toBeSigned),
        vector.intermediates.ToBeSign_hex.toLowerCase(),
        `${name}: its Sig_structure`,
      )
  }
})

t.test('thumbprints', async (t) => {
  // RFC 9679 §6.
  const x = '65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d'
  const y = '1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c'
  t.equal(
    toHex(coseKeyThumbprint(fromHex(`04${x}${y}`) as Uint8Array)),
    '496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec',
    'the example of RFC 9679',
  )
  throwsCode(t, () => coseKeyThumbprint(new Uint8Array(64)), 'PROTO_KEY', 'a key without its first byte')
})
