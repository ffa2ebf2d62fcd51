import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CHS1 } from '#protocol/score/methodology'
import { XID_CODES, xidPolicy } from '#protocol/score/xidPolicy'
import { sharedData } from '../../fixtures/sharedData.ts'

const root = new URL('../../..', import.meta.url).pathname

t.test('what load causes is the tenant’s and never moves a score', async (t) => {
  for (const xid of [13, 31, 43, 45, 68, 109])
    t.match(xidPolicy(xid), { class: 'application', impact: 'none' })
})

t.test('what breaks hardware', async (t) => {
  t.match(xidPolicy(79), { class: 'bus', impact: 'critical' })
  t.match(xidPolicy(64), { class: 'memory', impact: 'critical' })
  t.match(xidPolicy(119), { class: 'firmware', impact: 'impaired' })
  t.match(xidPolicy(74), { class: 'link' })
})

t.test('a code that no table knows is watched, not waved through', async (t) => {
  t.match(xidPolicy(99999), { xid: 99999, class: 'other', impact: 'watch' })
})

t.test('the lists of the methodology agree with the classes', async (t) => {
  const classes = (codes: readonly number[]) => [...new Set(codes.map((xid) => xidPolicy(xid).class))]
  const { xid } = CHS1
  t.same(classes([...xid.mitigated, ...xid.unmitigated, ...xid.open, ...xid.remapFailure]), ['memory'])
  t.same(classes(xid.busDrop), ['bus'])
  t.same(classes(xid.link), ['link'])
  t.same(
    classes(xid.firmware).filter((one) => one !== 'inforom'),
    ['firmware'],
    'the InfoROM is read through firmware',
  )
})

t.test('codes are unique and ascending', async (t) => {
  t.same(
    XID_CODES,
    [...new Set(XID_CODES)].sort((a, b) => a - b),
  )
})

t.test('the module is what its script makes of the catalogue', async (t) => {
  const catalogue = sharedData(t, 'xid-catalog.json')
  if (catalogue === undefined) return
  const file = join(root, 'protocol/score/xidPolicy.ts')
  const committed = readFileSync(file, 'utf8')
  const made = execFileSync(process.execPath, [join(root, 'scripts/xid-policy.mjs'), catalogue, '-'], {
    encoding: 'utf8',
  })
  const bare = (text: string) => text.replace(/[\s;,]+/g, '')
  t.equal(bare(made), bare(committed))
})
