import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, toHex0x } from '#protocol/bytes'
import { encodeAck } from '#protocol/wire/ack'
import { encodeAckList } from '#protocol/wire/ackList'
import { admissionDigest } from '#protocol/wire/admission'
import { encodeAssetStatement } from '#protocol/wire/assetStatement'
import { encodeCbor } from '#protocol/wire/cbor'
import { encodeColumn } from '#protocol/wire/column'
import { type CoseType, payloadHash } from '#protocol/wire/cose'
import { coseKeyThumbprint } from '#protocol/wire/coseKey'
import { encodeDissent } from '#protocol/wire/dissent'
import { encodeEnrolment } from '#protocol/wire/enrolment'
import { encodeEpochNotice } from '#protocol/wire/epochNotice'
import { encodeFile, type FileKind } from '#protocol/wire/file'
import {
  encodeAdmissionBody,
  encodeLogs,
  encodeNodeObject,
  encodeReportBody,
} from '#protocol/wire/fileBodies'
import { encodeHeader } from '#protocol/wire/header'
import { identityItems } from '#protocol/wire/identity'
import { encodeLeaf, leafHash } from '#protocol/wire/leaf'
import { encodeProposal } from '#protocol/wire/proposal'
import { reportDigest } from '#protocol/wire/report'
import { reportAddress } from '#protocol/wire/reportSignature'
import { encodeRoster, rosterFingerprint } from '#protocol/wire/roster'
import { encodeSegment } from '#protocol/wire/segment'
import { INVALID_CBOR } from './invalid.ts'
import * as world from './world.ts'

/** One file of test vectors: its name without `.json`, and what is in it. */
export type VectorFile = {
  readonly name: string
  readonly about: string
  readonly vectors: readonly object[]
}

/** Every file of test vectors, the same in every run. Bytes are hex; `rule` names a rule of `docs/protocol.cddl`. */
export async function vectorFiles(): Promise<VectorFile[]> {
  const signed = await world.vectorWorld()
  const cose = (
    type: CoseType,
    rule: string,
    value: object,
    payload: Uint8Array,
    object: Uint8Array,
    key: Uint8Array,
  ) => ({
    rule: `signed-${rule}`,
    value,
    payload,
    id: payloadHash(type, payload, sha256),
    publicKey: key,
    bytes: object,
  })
  const node = (i: number) => (world.NODES[i] as world.VectorNode).transport.publicKey
  const file = (kind: FileKind, body: Uint8Array) => ({
    rule: 'file',
    kind,
    bytes: encodeFile(kind, body, sha256),
  })
  const nodeFile = (kind: FileKind, object: Uint8Array, agentKeys: Uint8Array[] = []) =>
    file(kind, encodeNodeObject({ roster: world.ROSTER_BYTES, cose: object, agentKeys }))
  const log = { agentKey: world.AGENT.publicKey, entries: [signed.batch] }
  const headers = [world.BATCH_HEADER, world.EVENT_HEADER]
  const statement = {
    feedId: toHex0x(world.FEED_ID),
    assetId: toHex0x(world.ASSETS[0] as Uint8Array),
    generation: 1,
    seq: 0,
    epoch: world.EPOCH_N,
    observedAt: world.T0 / 1000 + 2,
    gateFlags: 0,
    segmentDigest: toHex0x(sha256(encodeSegment(world.SEGMENTS[0]!))),
  }
  return [
    {
      name: 'keys',
      about:
        'Published test keys: a P-256 secret with its COSE key thumbprint, a secp256k1 secret with its address.',
      vectors: [
        {
          name: 'agent',
          secret: world.AGENT_SECRET,
          publicKey: world.AGENT.publicKey,
          thumbprint: coseKeyThumbprint(world.AGENT.publicKey),
        },
        ...world.NODES.map((each, i) => ({
          name: `node ${i}`,
          transportSecret: world.labelled(`transport key ${i}`),
          transportKey: each.transport.publicKey,
          reportSecret: each.reportSecret,
          address: reportAddress(each.reportSecret),
        })),
      ],
    },
    {
      name: 'columns',
      about: 'Cells of one metric and the one column that they encode to.',
      vectors: world.SEGMENTS.flatMap((segment) =>
        segment.kind === 'telemetry'
          ? segment.columns.map(({ cells }) => ({
              rule: 'column',
              cells,
              bytes: encodeCbor(encodeColumn(cells)),
            }))
          : [],
      ),
    },
    {
      name: 'segments',
      about: 'Segments, and the digests that a header lists.',
      vectors: [...world.SEGMENTS, world.EVENT].map((value) => ({
        rule: 'segment',
        value,
        rows: value.kind === 'telemetry' ? 3 : 0,
        bytes: encodeSegment(value),
        digest: sha256(encodeSegment(value)),
      })),
    },
    {
      name: 'entries',
      about: 'Log entries of one agent. The id of an entry is SHA-256("assay/header/1" and the payload).',
      vectors: [signed.batch, signed.event].map((bytes, i) => {
        const payload = encodeHeader(headers[i]!)
        return {
          rule: 'entry',
          header: headers[i],
          payload,
          id: payloadHash('assay/header/1', payload, sha256),
          publicKey: world.AGENT.publicKey,
          bytes,
        }
      }),
    },
    {
      name: 'nodes',
      about: 'Objects that nodes sign with their transport keys.',
      vectors: [
        cose('assay/ack/1', 'ack', signed.ack, encodeAck(signed.ack), signed.ackCose, node(0)),
        ...signed.lists.map((list, i) =>
          cose('assay/acklist/1', 'ack-list', list, encodeAckList(list), signed.listCoses[i]!, node(i)),
        ),
        cose(
          'assay/epoch/1',
          'epoch-notice',
          world.NOTICE,
          encodeEpochNotice(world.NOTICE),
          signed.noticeCose,
          node(0),
        ),
        cose(
          'assay/proposal/1',
          'proposal',
          signed.proposal,
          encodeProposal(signed.proposal),
          signed.proposalCose,
          node(0),
        ),
        cose(
          'assay/dissent/1',
          'dissent',
          signed.dissent,
          encodeDissent(signed.dissent),
          signed.dissentCose,
          node(2),
        ),
      ],
    },
    {
      name: 'roster',
      about: 'A roster and the fingerprint that enrolment pins.',
      vectors: [
        {
          rule: 'roster',
          value: world.ROSTER,
          bytes: encodeRoster(world.ROSTER),
          fingerprint: rosterFingerprint(world.ROSTER),
        },
      ],
    },
    {
      name: 'enrolment',
      about: 'Identities with their openings and asset ids, and the signed enrolment statement.',
      vectors: [
        ...world.IDENTITIES.map((identity, i) => ({
          rule: 'identity',
          identity,
          bytes: encodeCbor(identityItems(identity)),
          opening: world.OPENINGS[i],
          assetId: world.ASSETS[i],
        })),
        cose(
          'assay/enrolment/1',
          'enrolment',
          world.ENROLMENT,
          encodeEnrolment(world.ENROLMENT),
          signed.enrolmentCose,
          world.AGENT.publicKey,
        ),
      ],
    },
    {
      name: 'leaves',
      about: 'Leaves (abi.encode), their hashes, the root of their tree and each proof.',
      vectors: world.LEAVES.map((leaf) => ({
        leaf,
        abi: encodeLeaf(leaf),
        hash: leafHash(leaf),
        root: world.TREE.root,
        proof: world.TREE.proof(leafHash(leaf)),
      })),
    },
    {
      name: 'typed-data',
      about:
        'EIP-712 digests of a report and an admission with two signatures of three nodes (EIP-2098), and an asset statement.',
      vectors: [
        {
          domain: world.HEALTH_ORACLE,
          report: signed.report,
          digest: reportDigest(world.HEALTH_ORACLE, signed.report),
          quorum: signed.reportQuorum,
        },
        {
          domain: world.REGISTRY,
          admission: signed.admission,
          digest: admissionDigest(world.REGISTRY, signed.admission),
          quorum: signed.admissionQuorum,
        },
        { statement, abi: encodeAssetStatement(statement) },
      ],
    },
    {
      name: 'files',
      about: 'Files that `assay verify` takes.',
      vectors: [
        file('entry', encodeLogs([log])),
        file('archive', encodeLogs([{ ...log, entries: [signed.batch, signed.event] }])),
        nodeFile('ack', signed.ackCose),
        nodeFile('ackList', signed.listCoses[1]!, [world.AGENT.publicKey]),
        nodeFile('epochNotice', signed.noticeCose),
        nodeFile('proposal', signed.proposalCose),
        nodeFile('dissent', signed.dissentCose),
        file(
          'report',
          encodeReportBody({
            roster: world.ROSTER_BYTES,
            domain: world.HEALTH_ORACLE,
            statement: signed.report,
            quorum: signed.reportQuorum,
          }),
        ),
        file(
          'admission',
          encodeAdmissionBody({
            roster: world.ROSTER_BYTES,
            domain: world.REGISTRY,
            statement: signed.admission,
            quorum: signed.admissionQuorum,
          }),
        ),
        file('enrolment', signed.enrolmentCose),
      ],
    },
    { name: 'invalid', about: 'Bytes that every reader refuses.', vectors: INVALID_CBOR },
  ]
}

/** The JSON text of a file of vectors: byte strings as hex, big integers as decimal text. */
export function vectorJson({ about, vectors }: VectorFile): string {
  const plain = (_: string, value: unknown): unknown => {
    if (value instanceof Uint8Array) return toHex(value)
    return typeof value === 'bigint' ? String(value) : value
  }
  return `${JSON.stringify({ about, vectors }, plain, 1)}\n`
}
