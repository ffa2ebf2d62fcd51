import { createHash, timingSafeEqual } from 'node:crypto'
import { sameBytes } from '#protocol/bytes'
import type { Primitives } from '#protocol/primitives'
import { protoError } from '#protocol/protoErrors'
import { parseSign1, verifySign1 } from '#protocol/wire/cose'
import { coseKeyThumbprint } from '#protocol/wire/coseKey'
import { decodeEnrolment, type EnrolledDevice } from '#protocol/wire/enrolment'
import { assetIdOf } from '#protocol/wire/identity'
import type { AgentRecord, AgentState, Archive } from '../archive/archive.ts'
import { hexKey } from '../archive/hexKey.ts'
import { oracleError } from '../oracleErrors.ts'

/**
 * Who lets an agent in: a person (`manual`), whoever shows the token, or everyone who connects over loopback
 * (a demonstration on one machine).
 */
export type ApprovalPolicy =
  | { readonly kind: 'manual' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'loopback' }

/** How the enrolment came: what the policy decides on. */
export type EnrolContext = { readonly token?: string; readonly loopback: boolean }

export type Enrolled = { readonly agentId: Uint8Array; readonly state: Exclude<AgentState, 'retired'> }

/**
 * Takes an enrolment statement: signed by the key that it enrols, for this feed, every asset id the hash of its
 * opening and identity, no asset bound to another live agent. An agent that is known keeps its state, and may renew
 * its statement (a device was added); the policy approves it as long as it is pending.
 * @throws AssayError PROTO_…, ORACLE_ENROL_FEED, _ASSET, _CONFLICT, _REFUSED
 */
export function enrolAgent(
  node: {
    archive: Archive
    feedId: Uint8Array
    policy: ApprovalPolicy
    clock: () => number
    primitives: Primitives
  },
  bytes: Uint8Array,
  context: EnrolContext,
): Enrolled {
  const { archive, primitives } = node
  const signed = parseSign1('assay/enrolment/1', bytes)
  const enrolment = decodeEnrolment(signed.payload)
  if (!verifySign1(signed, enrolment.publicKey, primitives))
    throw protoError('PROTO_SIGNATURE', { type: 'assay/enrolment/1' })
  if (!sameBytes(enrolment.feedId, node.feedId))
    throw oracleError('ORACLE_ENROL_FEED', { found: hexKey(enrolment.feedId), wanted: hexKey(node.feedId) })
  for (const device of enrolment.devices)
    if (!sameBytes(device.assetId, assetIdOf(device.opening, device.identity)))
      throw oracleError('ORACLE_ENROL_ASSET', { assetId: hexKey(device.assetId) })

  const agentId = coseKeyThumbprint(enrolment.publicKey)
  const known = archive.agent(agentId)
  if (known?.state === 'retired') throw oracleError('ORACLE_ENROL_REFUSED', { agentId: hexKey(agentId) })
  refuseConflict(archive, agentId, enrolment.devices)
  const approved = known?.state === 'approved' || approves(node.policy, context)
  const state = approved ? 'approved' : 'pending'
  const now = node.clock()
  archive.putAgent({
    agentId,
    publicKey: enrolment.publicKey,
    enrolment: bytes,
    state,
    enrolledAtMs: known?.enrolledAtMs ?? now,
    changedAtMs: now,
  })
  return { agentId, state }
}

/** The devices of an enrolled agent. */
export function devicesOf(agent: AgentRecord): readonly EnrolledDevice[] {
  return decodeEnrolment(parseSign1('assay/enrolment/1', agent.enrolment).payload).devices
}

function refuseConflict(archive: Archive, agentId: Uint8Array, devices: readonly EnrolledDevice[]): void {
  const wanted = new Set(devices.map((device) => hexKey(device.assetId)))
  for (const other of archive.agents()) {
    if (other.state !== 'approved' || sameBytes(other.agentId, agentId)) continue
    const held = devicesOf(other).find((device) => wanted.has(hexKey(device.assetId)))
    if (held)
      throw oracleError('ORACLE_ENROL_CONFLICT', {
        assetId: hexKey(held.assetId),
        boundTo: hexKey(other.agentId),
      })
  }
}

function approves(policy: ApprovalPolicy, context: EnrolContext): boolean {
  if (policy.kind === 'loopback') return context.loopback
  return policy.kind === 'token' && context.token !== undefined && sameText(policy.token, context.token)
}

/** Compares digests, so that neither length nor place of a difference shows in the time taken. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
