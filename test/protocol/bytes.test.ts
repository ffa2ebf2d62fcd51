import fc from 'fast-check'
import t from 'tap'
import { compareBytes, concat, fromHex, sameBytes, toHex, toHex0x } from '#protocol/bytes'
import { holds } from '../fixtures/property.ts'

t.test('hex', async (t) => {
  await holds(t, 'is that of Buffer, and comes back', fc.uint8Array(), (bytes) => {
    if (toHex(bytes) !== Buffer.from(bytes).toString('hex')) throw new Error('other text')
    for (const text of [toHex(bytes), toHex0x(bytes), toHex(bytes).toUpperCase()])
      if (!sameBytes(fromHex(text) ?? Uint8Array.of(1), bytes)) throw new Error(`not back from ${text}`)
  })
  await holds(t, 'of any text is whole bytes or nothing', fc.string(), (text) => {
    const bytes = fromHex(text)
    const bare = text.replace(/^0x/, '')
    if (bytes ? toHex(bytes) !== bare.toLowerCase() : /^([0-9a-f]{2})*$/i.test(bare)) throw new Error(text)
  })
  for (const text of ['0', '0x0', 'zz', '0X00', '00 ', '-1', '0x0x']) t.equal(fromHex(text), undefined, text)
})

t.test('bytes', async (t) => {
  await holds(t, 'compare as Buffer does', fc.tuple(fc.uint8Array(), fc.uint8Array()), ([a, b]) => {
    if (Math.sign(compareBytes(a, b)) !== Buffer.compare(a, b)) throw new Error('order')
    if (sameBytes(a, b) !== Buffer.from(a).equals(b)) throw new Error('equality')
    if (!Buffer.from(concat(a, b)).equals(Buffer.concat([a, b]))) throw new Error('concatenation')
  })
})
