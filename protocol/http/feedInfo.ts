import type { Hex } from '../wire/chainView.ts'

/** One roster node as `GET /api/v1/feed` shows it. Ids and keys are hex without 0x. */
export type FeedNode = { readonly nodeId: string; readonly transportKey: string; readonly url: string }

/** `GET /api/v1/feed`: what a reader must know before any number. `now` is the node's clock in milliseconds. */
export type FeedInfo = {
  readonly now: number
  /** Hex without 0x. */
  readonly feedId: string
  readonly chainId: number
  readonly healthOracle: Hex
  readonly registry: Hex
  /** The node that answers: its report address, hex without 0x. */
  readonly nodeId: string
  /** Where the readings come from: `nvml`, `recording:NAME` … A synthetic source was not made on real hardware. */
  readonly source: { readonly name: string; readonly synthetic: boolean }
  readonly roster: {
    readonly fingerprint: string
    readonly configId: number
    readonly threshold: number
    readonly nodes: readonly FeedNode[]
  }
  readonly methodologyHash: Hex
  readonly epochLengthS: number
  readonly heartbeatS: number
  /** A reading older than this many seconds no longer says how a device is (PROTOCOL §7, `freshness`). */
  readonly freshnessS: number
  /** Sentences: what this feed does not prove. */
  readonly notProven: readonly string[]
}
