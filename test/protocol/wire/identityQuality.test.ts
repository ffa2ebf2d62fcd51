import fc from 'fast-check'
import t from 'tap'
import { identityQuality } from '#protocol/wire/identityQuality'

const identity = (serial: string | null, boardPartNumber: string | null, uuid: string | null) => ({
  serial,
  boardPartNumber,
  uuid,
})
const [SERIAL, PART, UUID] = [
  '1653224000100',
  '692-2G520-0220-500',
  'GPU-6e476e79-a115-ed42-68e6-e79cd9fe8bdc',
]

t.test('what readings can prove', async (t) => {
  t.equal(identityQuality(identity(SERIAL, PART, UUID)), 'board')
  t.equal(identityQuality(identity(null, PART, UUID)), 'weak')
  t.equal(identityQuality(identity(SERIAL, null, UUID)), 'weak')
  t.equal(identityQuality(identity(SERIAL, PART, null)), 'weak')
  t.equal(identityQuality(identity(null, null, UUID)), 'weak')
  t.equal(identityQuality(identity(null, PART, null)), 'insufficient')
  t.equal(identityQuality(identity(null, null, null)), 'insufficient')
})

t.test('placeholders count as not given', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  t.comment(`seed ${seed}`)
  const placeholder = fc.constantFrom(
    ...['0000000000000', '0', '', ' ', 'N/A', '[N/A]', 'n/a', 'Unknown', '[Not Supported]', '-'],
    'GPU-00000000-0000-0000-0000-000000000000',
    '00000000-0000-0000-0000-000000000000',
  )
  fc.assert(
    fc.property(placeholder, placeholder, placeholder, (a, b, c) => {
      return (
        identityQuality(identity(a, b, c)) === 'insufficient' &&
        identityQuality(identity(a, PART, UUID)) === 'weak' &&
        identityQuality(identity(SERIAL, b, UUID)) === 'weak' &&
        identityQuality(identity(SERIAL, PART, c)) === 'weak'
      )
    }),
    { seed },
  )
})
