import type { Primitives } from '#protocol/primitives'
import type { FeedParams } from '#protocol/score/round'
import type { Hex } from '#protocol/wire/chainView'
import type { Roster } from '#protocol/wire/roster'
import type { Archive } from '../archive/archive.ts'
import type { Ingest } from '../ingest/ingest.ts'
import type { Latest } from '../inputs/latest.ts'
import type { OracleLink } from '../link/oracleLink.ts'
import type { AdmissionReader } from '../registry/admissionReader.ts'
import type { Deployment } from '../registry/deploy.ts'
import type { RoundStore } from '../rounds/ports.ts'
import type { RoundEngine } from '../rounds/roundEngine.ts'

/** The running parts of one node, as the views of its API read them. */
export type NodeParts = {
  readonly nodeId: Hex
  readonly feedId: Hex
  readonly roster: Roster
  readonly params: FeedParams
  readonly deployment: Deployment
  readonly archive: Archive
  readonly rounds: RoundStore
  readonly ingest: Ingest
  readonly latest: Latest
  readonly link: OracleLink
  readonly engine: RoundEngine
  readonly admissions: AdmissionReader
  readonly primitives: Primitives
  readonly now: () => number
}
