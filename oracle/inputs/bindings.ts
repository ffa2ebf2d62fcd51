import type { Archive } from '../archive/archive.ts'
import { hexKey } from '../archive/hexKey.ts'
import { devicesOf } from '../ingest/enrol.ts'

const READ_AGAIN_MS = 1_000

/** Which assets an agent enrolled, from its archived enrolment; read again when it names one that is not known. */
export function createBindings(archive: Archive, now: () => number) {
  const byAgent = new Map<string, { assets: Set<string>; readAtMs: number }>()

  function read(agentId: Uint8Array): { assets: Set<string>; readAtMs: number } {
    const agent = archive.agent(agentId)
    const devices = agent?.state === 'approved' ? devicesOf(agent) : []
    const entry = { assets: new Set(devices.map((device) => hexKey(device.assetId))), readAtMs: now() }
    byAgent.set(hexKey(agentId), entry)
    return entry
  }

  return {
    binds(agentId: Uint8Array, assetId: Uint8Array): boolean {
      const known = byAgent.get(hexKey(agentId)) ?? read(agentId)
      const key = hexKey(assetId)
      if (known.assets.has(key)) return true
      return now() - known.readAtMs >= READ_AGAIN_MS && read(agentId).assets.has(key)
    },
  }
}
