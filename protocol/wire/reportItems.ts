import { uintWord } from './abi.ts'
import type { Admission } from './admission.ts'
import type { CborValue } from './cbor.ts'
import type { SigningDomain } from './eip712.ts'
import { asHex, asWord, hexItem } from './hexItem.ts'
import type { Quorum } from './quorum.ts'
import type { Report } from './report.ts'
import { asArray, asBool, asBytes, asList, asUint } from './shape.ts'

/** CBOR forms of what M report keys sign: arrays in the order of the EIP-712 type, hashes as byte strings. */

const MAX_TAGS = 64

/** [chainId, verifyingContract] */
export function domainItems(domain: SigningDomain): CborValue {
  return [domain.chainId, hexItem(domain.verifyingContract, 20, 'verifyingContract')]
}

/** @throws AssayError PROTO_SHAPE */
export function domainFromItems(value: CborValue | undefined): SigningDomain {
  const d = asArray(value, 'domain', 2)
  return {
    chainId: asUint(d[0], 'domain.chainId'),
    verifyingContract: asHex(d[1], 'domain.verifyingContract', 20),
  }
}

/** [bitmap, signatures] */
export function quorumItems(quorum: Quorum): CborValue {
  return [quorum.bitmap, quorum.signatures]
}

/** @throws AssayError PROTO_SHAPE */
export function quorumFromItems(value: CborValue | undefined): Quorum {
  const q = asArray(value, 'quorum', 2)
  return { bitmap: asUint(q[0], 'quorum.bitmap'), signatures: asBytes(q[1], 'quorum.signatures') }
}

/** The 15 fields of a report. */
export function reportItems(r: Report): CborValue {
  return [
    hexItem(r.feedId, 32, 'feedId'),
    r.configId,
    r.round,
    hexItem(r.epochId, 32, 'epochId'),
    hexItem(r.prevRoot, 32, 'prevRoot'),
    hexItem(r.root, 32, 'root'),
    r.leafCount,
    r.observedFrom,
    r.observedTo,
    r.validUntil,
    r.mapOpen,
    hexItem(r.exceptionsHash, 32, 'exceptionsHash'),
    hexItem(r.aggregateHash, 32, 'aggregateHash'),
    hexItem(r.methodologyHash, 32, 'methodologyHash'),
    hexItem(r.ackListsHash, 32, 'ackListsHash'),
  ]
}

/** @throws AssayError PROTO_SHAPE */
export function reportFromItems(value: CborValue | undefined): Report {
  const r = asArray(value, 'report', 15)
  return {
    feedId: asHex(r[0], 'report.feedId', 32),
    configId: asUint(r[1], 'report.configId'),
    round: asUint(r[2], 'report.round'),
    epochId: asHex(r[3], 'report.epochId', 32),
    prevRoot: asHex(r[4], 'report.prevRoot', 32),
    root: asHex(r[5], 'report.root', 32),
    leafCount: asUint(r[6], 'report.leafCount'),
    observedFrom: asUint(r[7], 'report.observedFrom'),
    observedTo: asUint(r[8], 'report.observedTo'),
    validUntil: asUint(r[9], 'report.validUntil'),
    mapOpen: asBool(r[10], 'report.mapOpen'),
    exceptionsHash: asHex(r[11], 'report.exceptionsHash', 32),
    aggregateHash: asHex(r[12], 'report.aggregateHash', 32),
    methodologyHash: asHex(r[13], 'report.methodologyHash', 32),
    ackListsHash: asHex(r[14], 'report.ackListsHash', 32),
  }
}

/** The 11 fields of an admission; the token id is a 32-byte string. */
export function admissionItems(a: Admission): CborValue {
  return [
    hexItem(a.feedId, 32, 'feedId'),
    a.configId,
    hexItem(a.owner, 20, 'owner'),
    uintWord(a.tokenId, 256, 'tokenId'),
    hexItem(a.assetId, 32, 'assetId'),
    a.generation,
    hexItem(a.agentId, 32, 'agentId'),
    a.level,
    a.tags.map((tag) => hexItem(tag, 32, 'tags')),
    hexItem(a.evidenceDigest, 32, 'evidenceDigest'),
    a.expiry,
  ]
}

/** @throws AssayError PROTO_SHAPE or PROTO_LIMIT */
export function admissionFromItems(value: CborValue | undefined): Admission {
  const a = asArray(value, 'admission', 11)
  return {
    feedId: asHex(a[0], 'admission.feedId', 32),
    configId: asUint(a[1], 'admission.configId'),
    owner: asHex(a[2], 'admission.owner', 20),
    tokenId: asWord(a[3], 'admission.tokenId'),
    assetId: asHex(a[4], 'admission.assetId', 32),
    generation: asUint(a[5], 'admission.generation'),
    agentId: asHex(a[6], 'admission.agentId', 32),
    level: asUint(a[7], 'admission.level'),
    tags: asList(a[8], 'admission.tags', MAX_TAGS).map((tag) => asHex(tag, 'admission.tags', 32)),
    evidenceDigest: asHex(a[9], 'admission.evidenceDigest', 32),
    expiry: asUint(a[10], 'admission.expiry'),
  }
}
