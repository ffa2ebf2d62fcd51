import type { Admission } from './admission.ts'
import { type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import type { SigningDomain } from './eip712.ts'
import type { Quorum } from './quorum.ts'
import type { Report } from './report.ts'
import {
  admissionFromItems,
  admissionItems,
  domainFromItems,
  domainItems,
  quorumFromItems,
  quorumItems,
  reportFromItems,
  reportItems,
} from './reportItems.ts'
import { asArray, asBytes } from './shape.ts'

/** Entries of one log and the key that signs them (65 bytes, P-256). */
export type LogExport = { readonly agentKey: Uint8Array; readonly entries: readonly Uint8Array[] }

/** A signed object of a node (COSE) with the roster that names its key. */
export type NodeObject = {
  readonly roster: Uint8Array
  readonly cose: Uint8Array
  /** Keys of the agents whose forks an ack list proves; empty for every other kind. */
  readonly agentKeys: readonly Uint8Array[]
}

/** What M report keys signed, with their signatures and the roster that names them. */
export type QuorumObject<T> = {
  readonly roster: Uint8Array
  readonly domain: SigningDomain
  readonly statement: T
  readonly quorum: Quorum
}

/** Body of kind `entry` (one entry) and `archive` (any number of logs, each in log order). */
export function encodeLogs(logs: readonly LogExport[]): Uint8Array {
  return encodeCbor(logItems(logs))
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeLogs(body: Uint8Array): LogExport[] {
  return logsFromItems(decodeCbor(body))
}

/** [[agent key, [entry …]] …] */
export function logItems(logs: readonly LogExport[]): CborValue {
  return logs.map((log) => [log.agentKey, [...log.entries]])
}

/** @throws AssayError PROTO_SHAPE */
export function logsFromItems(value: CborValue | undefined): LogExport[] {
  return asArray(value, 'logs').map((item) => {
    const log = asArray(item, 'log', 2)
    return {
      agentKey: asBytes(log[0], 'log.agentKey', 65),
      entries: asArray(log[1], 'log.entries').map((entry) => asBytes(entry, 'log.entries')),
    }
  })
}

/** Body of kinds `ack`, `ackList`, `epochNotice`, `proposal` and `dissent`: [roster, COSE, agent keys]. */
export function encodeNodeObject(object: NodeObject): Uint8Array {
  return encodeCbor([object.roster, object.cose, [...object.agentKeys]])
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeNodeObject(body: Uint8Array): NodeObject {
  const o = asArray(decodeCbor(body), 'body', 3)
  return {
    roster: asBytes(o[0], 'body.roster'),
    cose: asBytes(o[1], 'body.cose'),
    agentKeys: asArray(o[2], 'body.agentKeys').map((key) => asBytes(key, 'body.agentKeys', 65)),
  }
}

/** Body of kind `report`: [roster, domain, report, quorum]. The verifying contract is HealthOracle. */
export function encodeReportBody(object: QuorumObject<Report>): Uint8Array {
  return encodeQuorumObject(object, reportItems)
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeReportBody(body: Uint8Array): QuorumObject<Report> {
  return decodeQuorumObject(body, reportFromItems)
}

/** Body of kind `admission`: [roster, domain, admission, quorum]. The verifying contract is CaliberRegistry. */
export function encodeAdmissionBody(object: QuorumObject<Admission>): Uint8Array {
  return encodeQuorumObject(object, admissionItems)
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeAdmissionBody(body: Uint8Array): QuorumObject<Admission> {
  return decodeQuorumObject(body, admissionFromItems)
}

function encodeQuorumObject<T>(object: QuorumObject<T>, items: (statement: T) => CborValue): Uint8Array {
  const { roster, domain, statement, quorum } = object
  return encodeCbor([roster, domainItems(domain), items(statement), quorumItems(quorum)])
}

function decodeQuorumObject<T>(
  body: Uint8Array,
  fromItems: (value: CborValue | undefined) => T,
): QuorumObject<T> {
  const o = asArray(decodeCbor(body), 'body', 4)
  return {
    roster: asBytes(o[0], 'body.roster'),
    domain: domainFromItems(o[1]),
    statement: fromItems(o[2]),
    quorum: quorumFromItems(o[3]),
  }
}
