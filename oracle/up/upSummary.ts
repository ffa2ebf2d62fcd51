import type { RoundSummary } from '#protocol/http/roundView'

/** The last line of `assay up --rounds N --json`. */
export type UpSummary = {
  readonly source: string
  readonly synthetic: boolean
  readonly devices: number
  /** Log entries that reached node 0: each a signed batch or event. */
  readonly batches: number
  readonly verified: number
  readonly rejected: number
  readonly spooled: number
  readonly acked: number
  readonly rounds: readonly {
    readonly round: number
    readonly root: string | null
    readonly leafCount: number | null
    readonly signers: readonly string[]
    readonly tx: string | null
    readonly gasUsed: number | null
  }[]
  readonly startedInMs: number
}

/** Sum of the samples of one metric in Prometheus text; 0 when it is not there. */
export function metricSum(text: string, name: string): number {
  let sum = 0
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name} `) && !line.startsWith(`${name}{`)) continue
    sum += Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return sum
}

/** The rounds of the summary, oldest first. */
export function summaryRounds(rounds: readonly RoundSummary[]): UpSummary['rounds'] {
  return rounds
    .map(({ round, root, leafCount, signers, transaction, gasUsed }) => ({
      round,
      root,
      leafCount,
      signers: signers.map((signer) => `0x${signer}`),
      tx: transaction,
      gasUsed,
    }))
    .reverse()
}
