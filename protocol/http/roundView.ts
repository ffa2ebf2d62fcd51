import type { Hex } from '../wire/chainView.ts'
import type { Report } from '../wire/report.ts'

/** `posted`: on chain; `agreed`: M signatures, not on chain; `open`: being agreed; `skipped`: never will be. */
export type RoundStatus = 'posted' | 'agreed' | 'open' | 'skipped'

/** One report signature: report address without 0x, 64 bytes (EIP-2098) with 0x. */
export type ReportSignatureView = { readonly nodeId: string; readonly signature: Hex }

/** A node that computed another digest, in words. */
export type DissentView = { readonly nodeId: string; readonly text: string }

/** The short form that `GET /api/v1/rounds` lists and the stream sends. */
export type RoundSummary = {
  readonly round: number
  readonly state: RoundStatus
  readonly root: Hex | null
  readonly leafCount: number | null
  readonly digest: Hex | null
  /** Report addresses without 0x. */
  readonly signers: readonly string[]
  readonly transaction: Hex | null
  readonly gasUsed: number | null
  /** Milliseconds at which this node saw it posted. */
  readonly postedAt: number | null
  readonly dissents: number
}

/** `GET /api/v1/rounds/{n}`. */
export type RoundView = RoundSummary & {
  readonly now: number
  readonly epochId: Hex
  readonly report: Report | null
  readonly signatures: readonly ReportSignatureView[]
  readonly blockNumber: number | null
  /** The ack lists that the round counts: node and payload hash, hex without 0x. */
  readonly named: readonly { readonly nodeId: string; readonly ackListHash: string }[]
  readonly dissentTexts: readonly DissentView[]
}

/** What went wrong and who did it, as this node saw it. `at` is milliseconds. */
export type Incident = {
  readonly at: number
  /** Stable word: `dissent`, `equivocation`, `fork`, `rejected`, `gap`, `rolled_back`, `skipped` … */
  readonly kind: string
  readonly nodeId?: string
  readonly agentId?: string
  readonly text: string
}
