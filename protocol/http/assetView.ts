/** One metric as shown: its unit is in its name. `value` is null unless `presence` is `value`. */
export type MetricView = {
  readonly value: number | null
  readonly presence: 'value' | 'unsupported' | 'forbidden' | 'absent' | 'error'
}

/** The newest reading of a device that the node has. `at` is milliseconds of the agent's clock. */
export type LatestReading = {
  readonly at: number
  /** Hash of the signed header it came under: fetch `/archive/entry/{headerHash}` to verify it. */
  readonly headerHash: string
  readonly boot: number
  readonly seq: number
  /** `verified by this node`: its agent's signature was checked at ingest. */
  readonly signature: 'verified by this node' | 'none'
  readonly metrics: Readonly<Record<string, MetricView>>
}

/** A reason code of the leaf in words. */
export type ReasonView = {
  readonly code: number
  readonly name: string
  readonly text: string
  readonly remedy: string
}

/** A signed event of a device; `at` is milliseconds, `headerHash` the entry that carried it. */
export type AssetEvent = {
  readonly name: string
  readonly at: number
  readonly detail: readonly number[]
  readonly headerHash: string
}

/** One asset as the node sees it: the leaf of the newest posted round, and the newest reading, which is newer. */
export type AssetView = {
  /** Hex without 0x, as all ids here. */
  readonly assetId: string
  /** Decimal text. */
  readonly tokenId: string
  readonly generation: number
  readonly agentId: string
  readonly model: string
  /** Round whose leaf this is; null when no round has scored it: status is then Unknown and scoreBp null. */
  readonly round: number | null
  readonly status: { readonly code: number; readonly name: string }
  readonly scoreBp: number | null
  readonly level: number
  readonly confidenceBp: number
  readonly reasons: readonly ReasonView[]
  /** Eight states, in the order of `TRIGGER_NAMES`. */
  readonly triggers: readonly number[]
  /** Seconds of chain time of the newest sample that the round counts; 0 when there was none. */
  readonly observedAt: number
  /** Decimal text, cents; "0": none. */
  readonly recoverableValueCents: string
  /** Factors that were never measured: they cap the score. */
  readonly notMeasured: readonly string[]
  readonly latest: LatestReading | null
  /** Newest first, at most 20. */
  readonly events: readonly AssetEvent[]
}

/** `GET /api/v1/assets`. */
export type AssetsView = {
  readonly now: number
  /** Newest posted round; null before the first. */
  readonly round: number | null
  /** Ascending by tokenId. */
  readonly assets: readonly AssetView[]
}

/** `GET /api/v1/assets/{assetId}/series`: one value per time and metric, null where there is none. */
export type SeriesView = {
  readonly now: number
  /** Milliseconds, ascending. */
  readonly times: readonly number[]
  readonly series: Readonly<Record<string, readonly (number | null)[]>>
}
