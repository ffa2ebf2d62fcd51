import { join } from 'node:path'
import t, { type Test } from 'tap'
import { toHex } from '#protocol/bytes'
import type { AssetsView, AssetView } from '#protocol/http/assetView'
import { openSign1 } from '#protocol/wire/cose'
import { entrySegments, parseEntry } from '#protocol/wire/entry'
import { type EventName, eventNameById } from '#protocol/wire/eventCodes'
import { openAgentKey } from '../../agent/keys/agentKey.ts'
import { statePaths } from '../../agent/keys/stateDirectory.ts'
import { anvilBinary } from '../../oracle/registry/anvil.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'
import { buildNvmlSim, nvmlSimUnavailable } from '../fixtures/nvmlsim/buildNvmlSim.ts'
import { startProcessFeed } from '../helpers/processFeed.ts'
import { descendants, stillAlive } from '../helpers/processTree.ts'
import { primitives } from '../helpers/signedLog.ts'

const noAnvil = anvilBinary() ? null : 'anvil is not installed (npm install, optional packages)'
const reason = noAnvil ?? nvmlSimUnavailable()
if (reason !== null && process.env.ASSAY_REQUIRE_ALL === '1') throw new Error(reason)
t.setTimeout(120_000)

t.test('an agent over simulated GPUs that hang and change', { skip: reason ?? false }, async (t) => {
  const sim = buildNvmlSim()
  t.teardown(() => sim.remove())
  const feed = await startProcessFeed({
    epochS: 2,
    source: 'nvml',
    agentEnv: { ASSAY_NVML_LIBRARY: sim.library, NVMLSIM_CONFIG: sim.config },
  })
  t.teardown(() => feed.stop())
  const node = feed.roster.nodes[1]?.url as string
  const assets = async (): Promise<readonly AssetView[]> =>
    ((await (await fetch(`${node}/api/v1/assets`)).json()) as AssetsView).assets
  const presences = (asset: AssetView): Set<string> =>
    new Set(Object.values(asset.latest?.metrics ?? {}).map((metric) => metric.presence))
  const withEvent = (name: EventName): Promise<AssetView> =>
    waitFor(`${name} at a node`, async () =>
      (await assets()).find((asset) => asset.events.some((event) => event.name === name)),
    )
  /** Waits for newer readings of every asset but `but`, three times over. */
  async function othersGoOn(but: readonly string[]): Promise<readonly AssetView[]> {
    const before = new Map((await assets()).map((asset) => [asset.assetId, asset.latest?.at ?? 0]))
    return waitFor('newer values of the others', async () => {
      const now = await assets()
      const others = now.filter((asset) => !but.includes(asset.assetId))
      return (
        others.every(
          (asset) =>
            (asset.latest?.at ?? 0) > (before.get(asset.assetId) ?? 0) + 3000 &&
            asset.latest?.metrics.temperatureGpuC?.presence === 'value',
        ) && others
      )
    })
  }
  /** The event as the agent signed it, fetched by the header hash that the view names. */
  async function provesSigned(t: Test, asset: AssetView, name: EventName): Promise<void> {
    const event = asset.events.find((each) => each.name === name)
    const bytes = await (await fetch(`${node}/archive/entry/${event?.headerHash}`)).arrayBuffer()
    const entry = parseEntry(new Uint8Array(bytes), primitives)
    const key = await openAgentKey(statePaths(join(feed.dir, 'agent')).key)
    t.doesNotThrow(() => openSign1('assay/header/1', entry.cose, key.signer.publicKey, primitives))
    t.equal(toHex(entry.header.agentId), key.agentIdHex)
    const said = entrySegments(entry).filter((segment) => segment.kind === 'event')
    t.ok(
      said.some(
        (each) => eventNameById(each.event) === name && each.subject && toHex(each.subject) === asset.assetId,
      ),
      `${name} of this asset, under the agent's signature`,
    )
  }

  t.equal(feed.devices, 8)
  await othersGoOn([])
  let hung = ''

  t.test('one hangs: seven go on, probe_stuck arrives signed, the eighth shows no number', async (t) => {
    sim.configure({ '3.fault': 'hang' })
    const stuck = await withEvent('probe_stuck')
    hung = stuck.assetId
    await provesSigned(t, stuck, 'probe_stuck')
    const others = await othersGoOn([hung])
    t.equal(others.length, 7)
    const asset = (await assets()).find((each) => each.assetId === hung) as AssetView
    t.same([...presences(asset)], ['error'], 'an error in every cell, never an old or made-up value')
    t.equal((await assets()).filter((each) => each.events.some((e) => e.name === 'probe_stuck')).length, 1)
  })

  t.test('another serial, another UUID under an index: told, and the old asset is absent', async (t) => {
    sim.configure({
      '3.fault': 'hang',
      '2.serial': '1999999999999',
      '5.uuid': `GPU-${'9'.repeat(8)}-0000-0000-0000-${'9'.repeat(12)}`,
    })
    const changed: string[] = []
    for (const name of ['serial_changed', 'uuid_changed'] as const) {
      const told = await withEvent(name)
      t.not(told.assetId, hung)
      await provesSigned(t, told, name)
      const gone = await waitFor('absence', async () => {
        const asset = (await assets()).find((each) => each.assetId === told.assetId)
        return asset && presences(asset).has('absent') && asset
      })
      t.same([...presences(gone)], ['absent'], 'no reading of the other device is shown under its name')
      t.not(gone.status.name, 'Healthy')
      changed.push(told.assetId)
    }
    const observed = async (round: number): Promise<{ round: number; times: number[] }> =>
      waitFor('a later round', async () => {
        const now = (await assets()).filter((asset) => changed.includes(asset.assetId))
        const times = now.map((asset) => asset.observedAt)
        return (now[0]?.round ?? 0) >= round && { round: now[0]?.round ?? 0, times }
      })
    const { round } = await observed(0)
    const settled = await observed(round + 3)
    t.same((await observed(settled.round + 2)).times, settled.times, 'nothing of them is observed any more')
    t.equal((await assets()).length, 8, 'nothing else was taken in their place')
  })

  t.test('SIGTERM with a hung reader: no process is left', async (t) => {
    const before = descendants(feed.agent.pid() as number)
    t.ok(before.length >= 1, before.map((each) => each.command.slice(0, 80)).join('\n'))
    sim.configure({ '*.fault': 'hang' })
    await waitFor(
      'more GPUs to hang',
      async () =>
        (await assets()).filter((each) => each.events.some((e) => e.name === 'probe_stuck')).length > 1,
    )
    const during = [...before, ...descendants(feed.agent.pid() as number)]
    const at = Date.now()
    await feed.agent.stop()
    t.ok(Date.now() - at < 8000, `ended after ${Date.now() - at} ms`)
    await waitFor('the end of its children', async () => stillAlive(during).length === 0, 10_000)
    t.pass(`${during.length} processes were below it, none is left`)
  })
})
