import { readFileSync } from 'node:fs'
import t from 'tap'
import { canonicalBytes } from '#protocol/score/canonical'
import { CHS1 } from '#protocol/score/methodology'
import { methodologyHash } from '#protocol/score/methodologyHash'
import { FACTORS, type Methodology } from '#protocol/score/methodologyTypes'
import { REASONS, reasonByWire } from '#protocol/score/reasons'
import { STATUS, statusName } from '#protocol/score/statuses'
import { sharedData } from '../../fixtures/sharedData.ts'
import { throwsCode } from '../../fixtures/throwsCode.ts'

t.test('the hash covers every value and no order', async (t) => {
  const turned = Object.fromEntries(Object.entries(CHS1).reverse()) as unknown as Methodology
  t.equal(methodologyHash(turned), methodologyHash(CHS1))
  t.match(methodologyHash(CHS1), /^0x[0-9a-f]{64}$/)
  const leaves = numbersIn(CHS1, [])
  t.ok(leaves.length > 200, `${leaves.length} numbers`)
  const hashes = new Set(leaves.map((path) => methodologyHash(bumped(CHS1, path) as Methodology)))
  t.equal(hashes.size, leaves.length, 'every changed number gives another hash')
  t.notOk(hashes.has(methodologyHash(CHS1)))
})

t.test('floats, negative zero and foreign values have no canonical form', async (t) => {
  for (const value of [1.5, Number.NaN, -0, 2 ** 53, new Date(0), 1n]) {
    throwsCode(t, () => canonicalBytes({ a: [value as number] }), 'PROTO_INPUT', String(value))
  }
  throwsCode(t, () => canonicalBytes({ a: undefined as unknown as null }), 'PROTO_INPUT', 'undefined')
})

t.test('the data are consistent', async (t) => {
  t.equal(
    FACTORS.reduce((sum, factor) => sum + CHS1.weights[factor], 0),
    10_000,
  )
  const curves = knotsIn(CHS1)
  t.ok(curves.length >= 14, `${curves.length} curves`)
  for (const knots of curves) {
    t.ok(
      knots.every(([x], i) => i === 0 || (x as number) > (knots[i - 1]?.[0] as number)),
      `ascending ${knots}`,
    )
  }
  const wires = Object.values(REASONS).map(({ wire }) => wire)
  t.equal(new Set(wires).size, wires.length, 'wire codes are unique')
  t.ok(wires.every((wire) => wire > 0 && wire <= 0xffff))
  for (const [code, { wire }] of Object.entries(REASONS)) t.equal(reasonByWire(wire), code)
  t.equal(reasonByWire(65_535), undefined)
  t.strictSame(Object.values(STATUS).map(statusName), Object.keys(STATUS))
  t.equal(statusName(99), 'Unknown')
})

t.test('no XID has two effects', async (t) => {
  const codes = Object.values(CHS1.xid).flat()
  t.equal(new Set(codes).size, codes.length)
})

t.test('no XID of an application is scored, and effects fit the classes of the catalog', async (t) => {
  const path = sharedData(t, 'xid-catalog.json')
  if (!path) return
  const { xids } = JSON.parse(readFileSync(path, 'utf8')) as { xids: { xid: number; class: string }[] }
  const classOf = new Map(xids.map((entry) => [entry.xid, entry.class]))
  const fits: Record<string, readonly string[]> = {
    mitigated: ['memory'],
    unmitigated: ['memory'],
    open: ['memory'],
    remapFailure: ['memory'],
    busDrop: ['bus'],
    link: ['link'],
    firmware: ['firmware', 'inforom_nvm'],
  }
  for (const [effect, codes] of Object.entries(CHS1.xid)) {
    for (const code of codes)
      t.ok(fits[effect]?.includes(classOf.get(code) ?? ''), `${code}: ${classOf.get(code)}`)
  }
})

function numbersIn(value: unknown, path: readonly string[]): string[][] {
  if (typeof value === 'number') return [[...path]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => numbersIn(item, [...path, key]))
}

function bumped(value: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path
  if (key === undefined) return (value as number) + 1
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? bumped(item, rest) : item))
  return { ...(value as object), [key]: bumped((value as Record<string, unknown>)[key], rest) }
}

function knotsIn(value: unknown): (readonly (readonly number[])[])[] {
  if (typeof value !== 'object' || value === null) return []
  const isCurve =
    Array.isArray(value) &&
    value.every((item) => Array.isArray(item) && item.length === 2 && Number.isInteger(item[0]))
  if (isCurve && (value as unknown[]).length > 0) return [value as readonly (readonly number[])[]]
  return Object.values(value).flatMap(knotsIn)
}
