import { type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import { type AssetIdentity, identityFromItems, identityItems } from './identity.ts'
import { MAX_SEGMENTS } from './limits.ts'
import { asArray, asBytes, asList, asOneOf, asText, asUint, asVersion1 } from './shape.ts'

/** One device as the agent enrols it; the identity and the opening go to the nodes over HTTPS only. */
export type EnrolledDevice = {
  readonly assetId: Uint8Array
  readonly opening: Uint8Array
  readonly identity: AssetIdentity
  readonly identityQuality: 'silicon' | 'board' | 'weak' | 'insufficient'
  readonly model: string
}

/** What an agent says of itself when it enrols, signed as `assay/enrolment/1` by the key it enrols. */
export type Enrolment = {
  readonly feedId: Uint8Array
  readonly publicKey: Uint8Array
  /** Name of the reading source, such as `nvml` or `recording:synthetic-h200x8`. */
  readonly source: string
  readonly enrolledAtMs: number
  readonly devices: readonly EnrolledDevice[]
  /** Descriptive inventory as JSON text: unsigned facts about the host that no score uses. */
  readonly inventory: string
}

const QUALITIES = ['silicon', 'board', 'weak', 'insufficient'] as const

/** Payload bytes of an enrolment statement. */
export function encodeEnrolment(e: Enrolment): Uint8Array {
  const devices: CborValue = e.devices.map((d) => [
    d.assetId,
    d.opening,
    identityItems(d.identity),
    QUALITIES.indexOf(d.identityQuality),
    d.model,
  ])
  return encodeCbor([1, e.feedId, e.publicKey, e.source, e.enrolledAtMs, devices, e.inventory])
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeEnrolment(payload: Uint8Array): Enrolment {
  const p = asArray(decodeCbor(payload), 'enrolment', 7)
  asVersion1(p[0])
  return {
    feedId: asBytes(p[1], 'enrolment.feedId', 32),
    publicKey: asBytes(p[2], 'enrolment.publicKey', 65),
    source: asText(p[3], 'enrolment.source', 256),
    enrolledAtMs: asUint(p[4], 'enrolment.enrolledAtMs'),
    devices: asList(p[5], 'enrolment.devices', MAX_SEGMENTS).map((item) => {
      const d = asArray(item, 'enrolment.devices', 5)
      return {
        assetId: asBytes(d[0], 'device.assetId', 32),
        opening: asBytes(d[1], 'device.opening', 32),
        identity: identityFromItems(d[2]),
        identityQuality: asOneOf(QUALITIES, d[3], 'device.identityQuality'),
        model: asText(d[4], 'device.model', 128),
      }
    }),
    inventory: asText(p[6], 'enrolment.inventory', 65536),
  }
}
