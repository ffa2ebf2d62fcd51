import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { toHex } from '#protocol/bytes'
import { assetIdOf } from '#protocol/wire/identity'
import { relation } from '../../../agent/keys/asset.ts'
import { createDeviceRegistry } from '../../../agent/keys/deviceRegistry.ts'
import { createFakeProbe, type FakeProbe } from '../helpers/fakeProbe.ts'

async function registryAt(path: string) {
  const registry = createDeviceRegistry(path)
  await registry.load()
  return registry
}

const idsOf = (byAsset: ReadonlyMap<string, unknown>): string[] => [...byAsset.keys()].sort()

t.test('asset ids are fixed for life and open with what is kept', async (t) => {
  const path = join(t.testdir(), 'devices.json')
  const probe = createFakeProbe(3)
  const first = await registryAt(path)
  const seen = first.assign(await probe.sample())
  t.ok(seen.isNew)
  t.same(seen.events, [], 'the first sight enrols all, silently')
  await first.save()
  t.equal(statSync(path).mode & 0o777, 0o600)
  for (const asset of first.assets()) {
    t.equal(toHex(assetIdOf(asset.opening, asset.identity)), asset.assetIdHex)
    t.ok(asset.isEnrolled)
  }
  const again = await registryAt(path)
  t.same(idsOf(again.assign(await probe.sample()).byAsset), idsOf(seen.byAsset))
  probe.devices.reverse().forEach((device, index) => {
    device.index = index
  })
  const shuffled = again.assign(await probe.sample())
  t.same(idsOf(shuffled.byAsset), idsOf(seen.byAsset), 'under whatever index they answer')
  t.same(shuffled.events, [])
})

t.test('two registries never give one device the same id', async (t) => {
  const probe = createFakeProbe(1)
  const a = await registryAt(join(t.testdir(), 'a'))
  const b = await registryAt(join(t.testdir(), 'b'))
  t.notSame(idsOf(a.assign(await probe.sample()).byAsset), idsOf(b.assign(await probe.sample()).byAsset))
})

t.test('a device that does not say who it is may only say what failed', async (t) => {
  const probe = createFakeProbe(1)
  const registry = await registryAt(join(t.testdir(), 'd'))
  registry.assign(await probe.sample())
  const [device] = probe.devices as [FakeProbe['devices'][number]]
  device.uuid = null
  device.serial = null
  const { byAsset, events, isNew } = registry.assign(await probe.sample())
  t.same(events, [])
  t.notOk(isNew)
  t.equal([...byAsset.values()][0]?.isProven, false)
})

t.test('serial, UUID, or a further device: told once, not enrolled, kept over restarts', async (t) => {
  const path = join(t.testdir(), 'd')
  const probe = createFakeProbe(2)
  const registry = await registryAt(path)
  const before = idsOf(registry.assign(await probe.sample()).byAsset)
  const [a, b] = probe.devices as [FakeProbe['devices'][number], FakeProbe['devices'][number]]
  a.serial = 'OTHER'
  b.uuid = 'GPU-other'
  probe.devices.push({ index: 7, uuid: 'GPU-third', serial: 'S7' })
  const changed = registry.assign(await probe.sample())
  t.same(
    changed.events.map((event) => [event.kind, event.device?.index]),
    [
      ['serial_changed', 0],
      ['uuid_changed', 1],
      ['device_added', 7],
    ],
  )
  t.ok(
    before.every((id) => !changed.byAsset.has(id)),
    'the enrolled assets are not there any more',
  )
  t.same(registry.assign(await probe.sample()).events, [])
  t.equal(registry.assets().filter((asset) => asset.isEnrolled).length, 2)
  t.equal(
    registry.assetOf({ index: 0 })?.isEnrolled,
    true,
    'an event under the index is about the enrolled one',
  )
  await registry.save()
  const again = await registryAt(path)
  t.equal(again.assign(await probe.sample()).events.length, 3, 'and once more after a restart')
  again.enrolAll()
  t.equal(again.assets().filter((asset) => asset.isEnrolled).length, 5)
})

t.test('a damaged or foreign file is refused: without its openings the ids are lost', async (t) => {
  const path = join(t.testdir(), 'd')
  const probe = createFakeProbe(1)
  const registry = await registryAt(path)
  registry.assign(await probe.sample())
  await registry.save()
  const text = readFileSync(path, 'utf8')
  for (const bad of [
    '',
    '{',
    text.replace(/"serial": "\d/, '"serial": "X'),
    text.replace(/"opening": "./, '"opening": "z'),
  ]) {
    writeFileSync(path, bad)
    await t.rejects(registryAt(path), { code: 'AGENT_DEVICES_FORMAT' })
  }
})

t.test('a serial alone never joins two devices, and a contradiction always parts them', async (t) => {
  const part = fc.option(fc.constantFrom('a', 'b'), { nil: null })
  const identity = fc.record({
    serial: part,
    boardPartNumber: part,
    uuid: part,
    pdi: part,
    moduleIndex: part,
  })
  fc.assert(
    fc.property(identity, identity, (a, b) => {
      const verdict = relation(a, b)
      const keys = ['serial', 'boardPartNumber', 'uuid', 'pdi', 'moduleIndex'] as const
      const shared = keys.filter((key) => a[key] !== null && b[key] !== null)
      const contradicts = shared.some((key) => a[key] !== b[key])
      if (contradicts !== (verdict === 'other')) return false
      if (verdict === 'same' && shared.join() === 'serial') return false
      return relation(b, a) === verdict
    }),
    { numRuns: 2000 },
  )
  t.pass('2000 pairs')
})
