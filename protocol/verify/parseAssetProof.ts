import { protoError } from '../protoErrors.ts'
import type { SigningDomain } from '../wire/eip712.ts'
import type { Leaf } from '../wire/leaf.ts'
import type { Report } from '../wire/report.ts'
import type { AdmissionProof, AssetProof, LeafJson } from './assetProof.ts'
import { jsonArray, jsonBoolean, jsonDecimal, jsonHex, jsonHex0x, jsonObject, jsonUint } from './jsonShape.ts'

/**
 * The asset proof of parsed JSON: every field present, of its type and length. It proves nothing yet.
 * @throws AssayError PROTO_SHAPE naming the field
 */
export function parseAssetProof(json: unknown): AssetProof {
  const p = jsonObject(json, 'proof')
  if (p.type !== 'assay/asset-proof/1')
    throw protoError('PROTO_SHAPE', { field: 'type', found: String(p.type), wanted: 'assay/asset-proof/1' })
  return {
    type: p.type,
    assetId: jsonHex(p.assetId, 'assetId', 32),
    domain: domain(p.domain, 'domain'),
    report: report(p.report),
    signatures: signatures(p.signatures, 'signatures'),
    roster: jsonHex(p.roster, 'roster'),
    ackLists: jsonArray(p.ackLists, 'ackLists', (each, field) => jsonHex(each, field), 64),
    leaf: leaf(p.leaf),
    proof: jsonArray(p.proof, 'proof', (each, field) => jsonHex0x(each, field, 32), 64),
    agentKey: jsonHex(p.agentKey, 'agentKey', 65),
    entry: p.entry === null ? null : entry(p.entry),
    admission: p.admission === null ? null : admission(p.admission),
    transaction: p.transaction === null ? null : transaction(p.transaction),
  }
}

/**
 * The admission of parsed JSON.
 * @throws AssayError PROTO_SHAPE naming the field
 */
export function parseAdmission(json: unknown): AdmissionProof['admission'] {
  const s = jsonObject(json, 'admission')
  const hash = (name: string) => jsonHex0x(s[name], `admission.${name}`, 32)
  const uint = (name: string) => jsonUint(s[name], `admission.${name}`)
  return {
    feedId: hash('feedId'),
    configId: uint('configId'),
    owner: jsonHex0x(s.owner, 'admission.owner', 20),
    tokenId: jsonDecimal(s.tokenId, 'admission.tokenId'),
    assetId: hash('assetId'),
    generation: uint('generation'),
    agentId: hash('agentId'),
    level: uint('level'),
    tags: jsonArray(s.tags, 'admission.tags', (each, field) => jsonHex0x(each, field, 32), 64),
    evidenceDigest: hash('evidenceDigest'),
    expiry: uint('expiry'),
  }
}

/** The leaf that is hashed, from its JSON. */
export function leafOfJson(json: LeafJson): Leaf {
  return {
    ...json,
    tokenId: BigInt(json.tokenId),
    reasons: BigInt(json.reasons),
    recoverableValueCents: BigInt(json.recoverableValueCents),
  }
}

/** The JSON of a leaf. */
export function leafToJson(leaf: Leaf): LeafJson {
  return {
    ...leaf,
    tokenId: String(leaf.tokenId),
    reasons: String(leaf.reasons),
    recoverableValueCents: String(leaf.recoverableValueCents),
  }
}

function domain(value: unknown, field: string): SigningDomain {
  const d = jsonObject(value, field)
  return {
    chainId: jsonUint(d.chainId, `${field}.chainId`),
    verifyingContract: jsonHex0x(d.verifyingContract, `${field}.verifyingContract`, 20),
  }
}

function signatures(value: unknown, field: string): AssetProof['signatures'] {
  return jsonArray(
    value,
    field,
    (each, at) => {
      const s = jsonObject(each, at)
      return {
        nodeId: jsonHex(s.nodeId, `${at}.nodeId`, 20),
        signature: jsonHex0x(s.signature, `${at}.signature`, 64),
      }
    },
    64,
  )
}

function report(value: unknown): Report {
  const r = jsonObject(value, 'report')
  const hash = (name: string) => jsonHex0x(r[name], `report.${name}`, 32)
  const uint = (name: string) => jsonUint(r[name], `report.${name}`)
  return {
    feedId: hash('feedId'),
    configId: uint('configId'),
    round: uint('round'),
    epochId: hash('epochId'),
    prevRoot: hash('prevRoot'),
    root: hash('root'),
    leafCount: uint('leafCount'),
    observedFrom: uint('observedFrom'),
    observedTo: uint('observedTo'),
    validUntil: uint('validUntil'),
    mapOpen: jsonBoolean(r.mapOpen, 'report.mapOpen'),
    exceptionsHash: hash('exceptionsHash'),
    aggregateHash: hash('aggregateHash'),
    methodologyHash: hash('methodologyHash'),
    ackListsHash: hash('ackListsHash'),
  }
}

function leaf(value: unknown): LeafJson {
  const l = jsonObject(value, 'leaf')
  const uint = (name: string) => jsonUint(l[name], `leaf.${name}`)
  return {
    feedId: jsonHex0x(l.feedId, 'leaf.feedId', 32),
    tokenId: jsonDecimal(l.tokenId, 'leaf.tokenId'),
    generation: uint('generation'),
    epoch: uint('epoch'),
    observedAt: uint('observedAt'),
    scoreBp: uint('scoreBp'),
    status: uint('status'),
    level: uint('level'),
    confidenceBp: uint('confidenceBp'),
    reasons: jsonDecimal(l.reasons, 'leaf.reasons'),
    recoverableValueCents: jsonDecimal(l.recoverableValueCents, 'leaf.recoverableValueCents'),
    triggers: uint('triggers'),
    inputRoot: jsonHex0x(l.inputRoot, 'leaf.inputRoot', 32),
  }
}

function entry(value: unknown): NonNullable<AssetProof['entry']> {
  const e = jsonObject(value, 'entry')
  return {
    cose: jsonHex(e.cose, 'entry.cose'),
    body: jsonHex(e.body, 'entry.body'),
    index: jsonUint(e.index, 'entry.index'),
  }
}

function admission(value: unknown): AdmissionProof {
  const a = jsonObject(value, 'admission')
  return {
    domain: domain(a.domain, 'admission.domain'),
    admission: parseAdmission(a.admission),
    signatures: signatures(a.signatures, 'admission.signatures'),
  }
}

function transaction(value: unknown): NonNullable<AssetProof['transaction']> {
  const t = jsonObject(value, 'transaction')
  return {
    hash: jsonHex0x(t.hash, 'transaction.hash', 32),
    blockNumber: jsonUint(t.blockNumber, 'transaction.blockNumber'),
    gasUsed: jsonUint(t.gasUsed, 'transaction.gasUsed'),
  }
}
