import { decodeCbor, encodeCbor } from './cbor.ts'
import type { ChainView, EpochRef } from './chainView.ts'
import { chainViewFromItems, chainViewItems } from './chainViewItems.ts'
import { type LogExport, logItems, logsFromItems } from './fileBodies.ts'
import { asHex, hexItem } from './hexItem.ts'
import type { Quorum } from './quorum.ts'
import type { Report } from './report.ts'
import { quorumFromItems, quorumItems, reportFromItems, reportItems } from './reportItems.ts'
import { asArray, asBytes, asOneOf, asUint, asVersion1 } from './shape.ts'

const PROFILES = ['production', 'up'] as const

/** Everything that a round depends on and what came out of it: what anyone needs to compute it again (PROTOCOL §9). */
export type RoundBundle = {
  readonly roster: Uint8Array
  readonly profile: (typeof PROFILES)[number]
  readonly view: ChainView
  /** The epochs that the computing node knew, ascending, the next one included. */
  readonly epochs: readonly EpochRef[]
  /** The named ack lists as signed (COSE), in roster order. */
  readonly ackLists: readonly Uint8Array[]
  /** The signed proposal (COSE). */
  readonly proposal: Uint8Array
  /** Canonical state of the parent round; null for the first round. */
  readonly parentState: Uint8Array | null
  /** Entries after the parent's heads up to the round's heads. */
  readonly logs: readonly LogExport[]
  readonly report: Report
  /** Of HealthOracle's EIP-712 domain as the view names it. */
  readonly quorum: Quorum
}

/** Body of a file of kind `round`. */
export function encodeRoundBundle(bundle: RoundBundle): Uint8Array {
  return encodeCbor([
    1,
    bundle.roster,
    PROFILES.indexOf(bundle.profile),
    chainViewItems(bundle.view),
    bundle.epochs.map((epoch) => [epoch.n, hexItem(epoch.epochId, 32, 'epochId'), epoch.startS]),
    [...bundle.ackLists],
    bundle.proposal,
    bundle.parentState,
    logItems(bundle.logs),
    reportItems(bundle.report),
    quorumItems(bundle.quorum),
  ])
}

/** @throws AssayError PROTO_CBOR or PROTO_SHAPE */
export function decodeRoundBundle(body: Uint8Array): RoundBundle {
  const b = asArray(decodeCbor(body), 'bundle', 11)
  asVersion1(b[0])
  return {
    roster: asBytes(b[1], 'bundle.roster'),
    profile: asOneOf(PROFILES, b[2], 'bundle.profile'),
    view: chainViewFromItems(b[3]),
    epochs: asArray(b[4], 'bundle.epochs').map((item) => {
      const e = asArray(item, 'bundle.epochs', 3)
      return {
        n: asUint(e[0], 'epoch.n'),
        epochId: asHex(e[1], 'epoch.epochId', 32),
        startS: asUint(e[2], 'epoch.startS'),
      }
    }),
    ackLists: asArray(b[5], 'bundle.ackLists').map((list) => asBytes(list, 'bundle.ackLists')),
    proposal: asBytes(b[6], 'bundle.proposal'),
    parentState: b[7] === null ? null : asBytes(b[7], 'bundle.parentState'),
    logs: logsFromItems(b[8]),
    report: reportFromItems(b[9]),
    quorum: quorumFromItems(b[10]),
  }
}
