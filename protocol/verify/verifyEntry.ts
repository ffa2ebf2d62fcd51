import { fromHex, sameBytes, toHex } from '../bytes.ts'
import type { Primitives } from '../primitives.ts'
import { openSign1 } from '../wire/cose.ts'
import { coseKeyThumbprint } from '../wire/coseKey.ts'
import { decodeHeader, type Header, headerHash } from '../wire/header.ts'
import { decodeSegment, type TelemetrySegment } from '../wire/segment.ts'
import type { AssetProof } from './assetProof.ts'
import { hexBytes } from './jsonShape.ts'
import { type Outcome, StepFailure } from './verifySteps.ts'

/** A header whose signature holds, and its hash. */
export type VerifiedHeader = { readonly header: Header; readonly hash: Uint8Array }

/**
 * The agent's signature over the header, under the key whose thumbprint is the agent id (PROTOCOL §1). Null when the
 * proof shows no entry, which is allowed only for an asset whose leaf counts no sample.
 * @throws StepFailure or a coded protocol error
 */
export function verifyHeader(proof: AssetProof, primitives: Primitives): Outcome<VerifiedHeader | null> {
  if (!proof.entry) {
    if (proof.leaf.observedAt !== 0)
      throw new StepFailure('the leaf counts a sample, but the proof shows no signed reading')
    return { value: null, detail: 'no reading of this asset was ever archived', unproven: true }
  }
  const key = hexBytes(proof.agentKey)
  const payload = openSign1('assay/header/1', hexBytes(proof.entry.cose), key, primitives)
  const header = decodeHeader(payload)
  const thumbprint = coseKeyThumbprint(key)
  if (!sameBytes(header.kid, thumbprint))
    throw new StepFailure(`the header names key ${short(header.kid)}, the key shown is ${short(thumbprint)}`)
  if (!sameBytes(header.agentId, thumbprint))
    throw new StepFailure(
      `the key shown is ${short(thumbprint)}, not the first key of agent ${short(header.agentId)}; a rotated key needs its rotation entries`,
    )
  return {
    value: { header, hash: headerHash(payload, primitives.sha256) },
    detail: `agent ${short(header.agentId)} signed boot ${header.boot}, sequence ${header.seq}; its id is the thumbprint of the key`,
  }
}

/**
 * The segment is the one that the header lists at its place, and is telemetry of this asset.
 * @throws StepFailure or a coded protocol error
 */
export function verifySegment(
  proof: AssetProof,
  signed: VerifiedHeader,
  primitives: Primitives,
): Outcome<TelemetrySegment> {
  const { body, index } = proof.entry as NonNullable<AssetProof['entry']>
  const bytes = hexBytes(body)
  const listed = signed.header.segments[index]
  if (!listed)
    throw new StepFailure(`the header lists ${signed.header.segments.length} segments, not place ${index}`)
  const digest = primitives.sha256(bytes)
  if (!sameBytes(digest, listed))
    throw new StepFailure(`SHA-256 of the segment is ${short(digest)}, the header lists ${short(listed)}`)
  const segment = decodeSegment(bytes, signed.header.times.length)
  if (segment.kind !== 'telemetry') throw new StepFailure('the segment is an event, not telemetry')
  if (!segment.subject || !sameBytes(segment.subject, fromHex(proof.assetId) as Uint8Array))
    throw new StepFailure('the segment is of another asset')
  return {
    value: segment,
    detail: `SHA-256 ${short(digest)} is what the header lists; samples: ${signed.header.times.length}, metrics: ${segment.columns.length}`,
  }
}

/** The first eight digits of an id, for a sentence. */
export function short(bytes: Uint8Array): string {
  return `${toHex(bytes).slice(0, 8)}…`
}
