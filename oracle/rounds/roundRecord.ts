import type { Hex } from '#protocol/wire/chainView'
import type { Report } from '#protocol/wire/report'
import type { RoundSignature, RoundStore } from './ports.ts'

/** How a round went at this node; what the API and `assay explain` show. */
export type RoundRecord = {
  readonly n: number
  readonly epochId: Hex
  readonly state: 'open' | 'agreed' | 'posted' | 'skipped'
  readonly openedAtMs: number
  readonly report: Report | null
  readonly digest: Hex | null
  readonly signatures: readonly RoundSignature[]
  readonly named: readonly { readonly nodeId: string; readonly ackListHash: string }[]
  readonly dissents: readonly { readonly nodeId: string; readonly text: string }[]
  readonly transaction: Hex | null
  readonly blockNumber: number | null
  readonly gasUsed: number | null
  readonly postedAtMs: number | null
}

/** Keeps a record durably in the round store. */
export function putRecord(store: RoundStore, record: RoundRecord): void {
  store.put(record.n, 'record', new TextEncoder().encode(JSON.stringify(record)))
}

/** The record of round n, or undefined when this node has none. */
export function getRecord(store: RoundStore, n: number): RoundRecord | undefined {
  const bytes = store.get(n, 'record')
  return bytes ? (JSON.parse(new TextDecoder().decode(bytes)) as RoundRecord) : undefined
}
