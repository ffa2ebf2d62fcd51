import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fromHex, toHex } from '#protocol/bytes'
import { type AssetIdentity, assetIdOf } from '#protocol/wire/identity'
import { identityQuality } from '#protocol/wire/identityQuality'
import type { DeviceReading, ProbeEvent, ProbeSnapshot } from '#protocol/wire/reading'
import { agentError } from '../agentErrors.ts'
import { type Asset, identityOf, modelOf, relation, replacement } from './asset.ts'
import { writeFileDurably } from './writeFileDurably.ts'

/** A reading and whether it names the asset itself; values of one that does not prove nothing about the asset. */
export type AssetReading = { readonly reading: DeviceReading; readonly isProven: boolean }

/** One snapshot by asset; assets that the source does not show are missing. */
export type Assignment = {
  readonly byAsset: ReadonlyMap<string, AssetReading>
  /** `serial_changed`, `uuid_changed` and `device_added` against what was ever enrolled, restarts included. */
  readonly events: readonly ProbeEvent[]
  /** Whether a device was seen for the first time: the registry must be saved. */
  readonly isNew: boolean
}

/** The devices of this host with their openings: the asset ids that this agent may speak for. */
export type DeviceRegistry = {
  /** @throws AssayError AGENT_DEVICES_FORMAT or AGENT_STATE_DIRECTORY */
  load(): Promise<void>
  save(): Promise<void>
  /** Sorts the readings of a snapshot by asset. The first snapshot with devices enrols all of them. */
  assign(snapshot: ProbeSnapshot): Assignment
  /** All devices ever seen. */
  assets(): readonly Asset[]
  /** Enrols the devices that answer now and were not enrolled yet. */
  enrolAll(): void
  /** The asset that an event speaks of; the one enrolled under an index when the source names no more. */
  assetOf(device: ProbeEvent['device']): Asset | undefined
}

/** A registry in a 0600 JSON file. */
export function createDeviceRegistry(path: string): DeviceRegistry {
  let assets: Asset[] = []
  /** What was told already, so that a changed serial is one event and not one per second. */
  const told = new Set<string>()
  let present = new Map<string, AssetReading>()

  function add(reading: DeviceReading, identity: AssetIdentity, isEnrolled: boolean, atMs: number): Asset {
    const opening = new Uint8Array(randomBytes(32))
    const assetId = assetIdOf(opening, identity)
    const asset: Asset = {
      assetId,
      assetIdHex: toHex(assetId),
      opening,
      identity,
      identityQuality: identityQuality(identity),
      model: modelOf(reading),
      isEnrolled,
      index: reading.index,
      firstSeenMs: atMs,
    }
    assets.push(asset)
    return asset
  }

  function tell(
    events: ProbeEvent[],
    kind: 'serial_changed' | 'uuid_changed' | 'device_added',
    reading: DeviceReading,
    atMs: number,
    asset: Asset,
  ): void {
    const key = `${kind} ${asset.assetIdHex} ${JSON.stringify(identityOf(reading.identity))}`
    if (told.has(key)) return
    told.add(key)
    const about = kind === 'device_added' ? 'a device that is not enrolled' : 'another device'
    events.push({
      kind,
      device: { index: reading.index },
      atMs,
      detail: [],
      text: `${about} answers under index ${reading.index} (${modelOf(reading)})`,
    })
  }

  function matchOf(
    reading: DeviceReading,
    identity: AssetIdentity,
  ): { asset: Asset; isProven: boolean } | null {
    const same = assets.find((asset) => relation(asset.identity, identity) === 'same')
    if (same) return { asset: same, isProven: true }
    const silent = assets.find(
      (asset) => asset.index === reading.index && relation(asset.identity, identity) === 'silent',
    )
    // A device that has no identity at all can be known by its index only.
    return silent ? { asset: silent, isProven: silent.identityQuality === 'insufficient' } : null
  }

  return {
    async load() {
      assets = await readAssets(path)
      told.clear()
    },
    save: () => writeFileDurably(path, `${JSON.stringify(assets.map(toJson), null, 1)}\n`),
    assign(snapshot) {
      const byAsset = new Map<string, AssetReading>()
      const events: ProbeEvent[] = []
      const isFirst = assets.length === 0
      let isNew = false
      for (const reading of snapshot.devices) {
        const identity = identityOf(reading.identity)
        const match = matchOf(reading, identity)
        if (match) {
          const { asset, isProven } = match
          if (asset.index !== reading.index && isProven) {
            assets = assets.map((each) => (each === asset ? { ...asset, index: reading.index } : each))
            isNew = true
          }
          if (!byAsset.has(asset.assetIdHex) || isProven) byAsset.set(asset.assetIdHex, { reading, isProven })
          continue
        }
        if (Object.values(identity).every((part) => part === null) && !isFirst) continue
        const before = assets.find((asset) => asset.index === reading.index && asset.isEnrolled)
        const asset = add(reading, identity, isFirst, snapshot.takenAtMs)
        isNew = true
        byAsset.set(asset.assetIdHex, { reading, isProven: true })
        const kind = before && replacement(before.identity, identity)
        if (!isFirst) tell(events, kind ?? 'device_added', reading, snapshot.takenAtMs, before ?? asset)
      }
      for (const [assetIdHex, { reading }] of byAsset)
        repeatAfterRestart(events, assetIdHex, reading, snapshot)
      present = byAsset
      return { byAsset, events, isNew }
    },
    assets: () => assets,
    enrolAll() {
      assets = assets.map((asset) => (present.has(asset.assetIdHex) ? { ...asset, isEnrolled: true } : asset))
    },
    assetOf(device) {
      if (!device) return undefined
      if (device.uuid !== undefined) {
        const byUuid = assets.find((asset) => asset.identity.uuid === device.uuid)
        if (byUuid) return byUuid
      }
      if (device.pciBusId !== undefined) {
        for (const [assetIdHex, { reading }] of present) {
          const { pciBusId } = reading.identity
          if (pciBusId.presence === 'value' && pciBusId.value === device.pciBusId)
            return assets.find((asset) => asset.assetIdHex === assetIdHex)
        }
      }
      if (device.index === undefined) return undefined
      const under = assets.filter((asset) => asset.index === device.index)
      return under.find((asset) => asset.isEnrolled) ?? under[0]
    },
  }

  /** A device that is still not enrolled is told once per run, so that a restart does not make it normal. */
  function repeatAfterRestart(
    events: ProbeEvent[],
    assetIdHex: string,
    reading: DeviceReading,
    snapshot: ProbeSnapshot,
  ): void {
    const asset = assets.find((each) => each.assetIdHex === assetIdHex)
    if (!asset || asset.isEnrolled) return
    const before = assets.find((each) => each.index === reading.index && each.isEnrolled)
    const kind = before && replacement(before.identity, asset.identity)
    tell(events, kind ?? 'device_added', reading, snapshot.takenAtMs, before ?? asset)
  }
}

type AssetJson = Omit<Asset, 'assetId' | 'assetIdHex' | 'opening'> & { assetId: string; opening: string }

function toJson({ assetIdHex, opening, ...asset }: Asset): AssetJson {
  return { ...asset, assetId: assetIdHex, opening: toHex(opening) }
}

async function readAssets(path: string): Promise<Asset[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const found = (cause as NodeJS.ErrnoException).code
    if (found === 'ENOENT') return []
    throw agentError('AGENT_STATE_DIRECTORY', { path, found }, cause)
  }
  try {
    const rows = JSON.parse(text) as AssetJson[]
    return rows.map((row) => {
      const opening = fromHex(row.opening)
      const assetId = fromHex(row.assetId)
      if (!opening || !assetId || toHex(assetIdOf(opening, row.identity)) !== row.assetId)
        throw new Error(`asset ${row.assetId} does not open`)
      return { ...row, opening, assetId, assetIdHex: row.assetId }
    })
  } catch (cause) {
    throw agentError('AGENT_DEVICES_FORMAT', { path, found: (cause as Error).message }, cause)
  }
}
