import { sha256 } from '@noble/hashes/sha2.js'
import { fromHex, toHex0x } from '#protocol/bytes'
import { type Admission, admissionDigest } from '#protocol/wire/admission'
import type { Hex } from '#protocol/wire/chainView'
import { parseSign1 } from '#protocol/wire/cose'
import { signDigest } from '#protocol/wire/reportSignature'
import { devicesOf } from '../ingest/enrol.ts'
import { oracleError } from '../oracleErrors.ts'
import type { NodeParts } from './parts.ts'

/** Without TPM or GPU evidence an agent's key is a file: self-reported. */
const LEVEL_SELF_REPORTED = 0

/**
 * Signs the admission of a device that an approved agent enrolled here, and only as enrolled: same agent, same asset,
 * the digest of that very enrolment, and no level beyond the evidence. 64 bytes (EIP-2098).
 * @throws AssayError ORACLE_ADMISSION_REFUSED saying which of these does not hold
 */
export function signAdmission(parts: NodeParts, admission: Admission, reportKey: Uint8Array): Hex {
  const agent = parts.archive.agent(fromHex(admission.agentId) as Uint8Array)
  if (!agent) throw refused('agentId', 'no such agent enrolled here')
  if (agent.state !== 'approved') throw refused('agentId', `the agent is ${agent.state}`)
  const device = devicesOf(agent).find((each) => toHex0x(each.assetId) === admission.assetId)
  if (!device) throw refused('assetId', 'the agent did not enrol this asset')
  if (device.identityQuality === 'insufficient')
    throw refused('assetId', 'its identity is insufficient: never collateral')
  if (admission.evidenceDigest !== enrolmentDigest(agent.enrolment))
    throw refused('evidenceDigest', 'another enrolment')
  if (admission.feedId !== parts.feedId || admission.configId !== parts.roster.configId)
    throw refused('feedId', 'another feed or config')
  if (admission.level !== LEVEL_SELF_REPORTED)
    throw refused('level', `${admission.level}; the evidence reaches ${LEVEL_SELF_REPORTED}`)
  const known = parts.engine.view()?.tokens.find((token) => token.assetId === admission.assetId)
  if (known) throw refused('assetId', `live already as token ${known.tokenId}`)
  const domain = { chainId: parts.deployment.chainId, verifyingContract: parts.deployment.registry }
  return toHex0x(signDigest(admissionDigest(domain, admission), reportKey))
}

/** What an admission cites as its evidence: SHA-256 of the signed enrolment's payload. */
export function enrolmentDigest(enrolment: Uint8Array): Hex {
  return toHex0x(sha256(parseSign1('assay/enrolment/1', enrolment).payload))
}

function refused(field: string, found: string): Error {
  return oracleError('ORACLE_ADMISSION_REFUSED', { field, found })
}
