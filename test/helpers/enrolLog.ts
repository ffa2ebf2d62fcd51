import { sign1 } from '#protocol/wire/cose'
import { type Enrolment, encodeEnrolment } from '#protocol/wire/enrolment'
import { type AssetIdentity, assetIdOf } from '#protocol/wire/identity'
import type { SignedLog } from './signedLog.ts'

/** The signed enrolment of a test agent with `devices` devices; `change` replaces fields of the statement. */
export async function enrolmentOf(
  log: SignedLog,
  feedId: Uint8Array,
  devices = 1,
  change: Partial<Enrolment> = {},
): Promise<{ cose: Uint8Array; assetIds: Uint8Array[] }> {
  const enrolled = Array.from({ length: devices }, (_, i) => {
    const opening = new Uint8Array(32).fill(i + 1)
    const identity: AssetIdentity = {
      serial: `16500230000${i}`,
      boardPartNumber: '692-2G520-0200-000',
      uuid: `GPU-${log.agentHex.slice(0, 8)}-${i}`,
      pdi: null,
      moduleIndex: null,
    }
    return {
      opening,
      identity,
      assetId: assetIdOf(opening, identity),
      identityQuality: 'board' as const,
      model: 'NVIDIA H200',
    }
  })
  const statement: Enrolment = {
    feedId,
    publicKey: log.signer.publicKey,
    source: 'recording:test',
    enrolledAtMs: 1_700_000_000_000,
    devices: enrolled,
    inventory: '{}',
    ...change,
  }
  const cose = await sign1('assay/enrolment/1', encodeEnrolment(statement), log.signer)
  return { cose, assetIds: enrolled.map((device) => device.assetId) }
}
