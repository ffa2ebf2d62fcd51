import { toHex0x } from '../bytes.ts'
import { type Admission, admissionDigest } from '../wire/admission.ts'
import type { Hex } from '../wire/chainView.ts'
import { decodeAdmissionBody, decodeReportBody, type QuorumObject } from '../wire/fileBodies.ts'
import { type Quorum, verifyQuorum } from '../wire/quorum.ts'
import { type Report, reportDigest } from '../wire/report.ts'
import type { Roster } from '../wire/roster.ts'
import { CheckFailure, type Finding, type RunCheck } from './fileChecks.ts'
import { type FilePins, readRoster } from './verifyNodeObject.ts'

/** The checks of a report with its signatures: `body`, `roster`, `report`, `quorum`. */
export function verifyReportFile(body: Uint8Array, run: RunCheck, pins: FilePins): void {
  const object = run('body', () => ({
    value: decodeReportBody(body),
    detail: 'roster, domain, report, quorum',
  }))
  const digest = (report: Report) => reportDigest(object.domain, report)
  verifyStatement('report', object, digest, run, pins)
}

/** The checks of an admission with its signatures: `body`, `roster`, `admission`, `quorum`. */
export function verifyAdmissionFile(body: Uint8Array, run: RunCheck, pins: FilePins): void {
  const object = run('body', () => ({
    value: decodeAdmissionBody(body),
    detail: 'roster, domain, admission, quorum',
  }))
  const digest = (admission: Admission) => admissionDigest(object.domain, admission)
  verifyStatement('admission', object, digest, run, pins)
}

/** M signatures of distinct roster nodes over a digest, as the contract would check them. */
export function quorumOf(digest: Uint8Array, quorum: Quorum, roster: Roster): Finding<null> {
  const signers = roster.nodes.map((node) => toHex0x(node.nodeId))
  const indices = verifyQuorum(digest, quorum, signers, roster.threshold)
  return {
    value: null,
    detail: `nodes ${indices.join(', ')} of the roster signed ${toHex0x(digest)} (${roster.threshold} needed)`,
  }
}

function verifyStatement<T extends { readonly feedId: Hex; readonly configId: number }>(
  name: string,
  object: QuorumObject<T>,
  digestOf: (statement: T) => Uint8Array,
  run: RunCheck,
  pins: FilePins,
): void {
  const { statement, domain } = object
  const roster = run('roster', () => readRoster(object.roster, pins))
  const digest = run(name, () => {
    const feedId = toHex0x(roster.feedId)
    if (statement.feedId !== feedId)
      throw new CheckFailure(`of feed ${statement.feedId}, the roster is of ${feedId}`)
    if (statement.configId !== roster.configId)
      throw new CheckFailure(`of config ${statement.configId}, the roster is ${roster.configId}`)
    const value = digestOf(statement)
    return { value, detail: `for ${domain.verifyingContract} on chain ${domain.chainId}: ${toHex0x(value)}` }
  })
  run('quorum', () => quorumOf(digest, object.quorum, roster))
}
