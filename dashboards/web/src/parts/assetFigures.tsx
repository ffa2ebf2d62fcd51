import type { AssetView } from '#protocol/http/assetView'
import type { FeedInfo } from '#protocol/http/feedInfo'
import type { RoundView } from '#protocol/http/roundView'
import type { Check } from '../data/checks.ts'
import { bytesText, grouped } from '../data/format.ts'
import { leafState, readingState } from '../data/provenance.ts'
import { levelWords, statusLook } from '../data/statusLook.ts'
import { Figure, type Provenance } from './figure.tsx'

/** What the figures of one asset are drawn from. */
export type AssetContext = {
  readonly asset: AssetView
  readonly feed: FeedInfo
  readonly round: RoundView | null
  readonly check: Check | undefined
  readonly now: number
}

/** A reading is expected every few seconds; older than this it is no longer live. */
const READING_STALE_MS = 60_000

/** Where the numbers of the round come from: age is that of the newest sample that the round counts. */
export function leafProvenance({ asset, feed, check }: AssetContext): Provenance {
  return {
    source:
      asset.round === null
        ? 'no round has scored this asset'
        : `leaf of round ${asset.round}, ${feed.source.name}`,
    at: asset.observedAt === 0 ? null : asset.observedAt * 1000,
    state: leafState(asset, check),
    staleAfterMs: feed.freshnessS * 1000,
  }
}

/** Where the newest readings come from. */
export function readingProvenance({ asset, feed, check }: AssetContext): Provenance {
  return {
    source: asset.latest
      ? `batch ${asset.latest.boot}/${asset.latest.seq} of agent ${asset.agentId.slice(0, 8)}, ${feed.source.name}`
      : feed.source.name,
    at: asset.latest?.at ?? null,
    state: readingState(asset, check),
    staleAfterMs: READING_STALE_MS,
  }
}

/** Whether the status of the leaf still says how the device is: its evidence and its round are not too old. */
export function isStale({ asset, feed, round, now }: AssetContext): boolean {
  if (asset.round === null || asset.observedAt === 0) return false
  if (now - asset.observedAt * 1000 > feed.freshnessS * 1000) return true
  return round?.report != null && asset.round === round.round && now > round.report.validUntil * 1000
}

/** Status with sign and word. A stale status is shown as Unknown with what it was. */
export function StatusFigure(context: AssetContext) {
  const stale = isStale(context)
  const shown = stale ? { code: 0, name: 'Unknown' } : context.asset.status
  const look = statusLook(shown.code)
  return (
    <Figure name="status" value={shown.name} from={leafProvenance(context)} now={context.now}>
      <span class={`chip tone-${look.tone}`} data-status={shown.code}>
        <span aria-hidden="true">{look.sign}</span> {shown.name}
      </span>
      {stale ? <small class="was"> was {context.asset.status.name}</small> : null}
    </Figure>
  )
}

/** Score in basis points of CHS-1, or that there is none. */
export function ScoreFigure(context: AssetContext) {
  const { scoreBp } = context.asset
  return (
    <Figure
      name="scoreBp"
      value={scoreBp === null ? null : grouped(scoreBp)}
      unit="bp"
      absent="not scored"
      from={leafProvenance(context)}
      now={context.now}
    />
  )
}

/** Assurance level; L0 is called what it is. */
export function LevelFigure(context: AssetContext) {
  const { level } = context.asset
  return (
    <Figure name="level" value={`L${level}`} from={leafProvenance(context)} now={context.now}>
      L{level} <small>{levelWords(level)}</small>
    </Figure>
  )
}

/** One metric of the newest reading with the unit of its name, or why it has no value. */
export function MetricFigure({
  context,
  metric,
}: {
  readonly context: AssetContext
  readonly metric: string
}) {
  const found = context.asset.latest?.metrics[metric]
  const shown = found?.value == null ? null : metricText(metric, found.value)
  const absent = !context.asset.latest ? 'no reading' : (found?.presence ?? 'not read')
  return (
    <Figure
      name={metric}
      value={shown?.value ?? null}
      unit={shown?.unit}
      absent={absent}
      from={readingProvenance(context)}
      now={context.now}
    />
  )
}

const UNITS: readonly (readonly [suffix: string, unit: string])[] = [
  ['Pct', '%'],
  ['MHz', 'MHz'],
  ['Us', 'µs'],
  ['W', 'W'],
  ['J', 'J'],
  ['C', '°C'],
  ['S', 's'],
]

/** A metric's value as text with the unit that its name carries. */
export function metricText(metric: string, value: number): { value: string; unit: string } {
  if (metric.endsWith('Bytes')) return bytesText(value)
  const unit = UNITS.find(([suffix]) => metric.endsWith(suffix))?.[1] ?? ''
  return { value: grouped(value, Number.isInteger(value) ? 0 : 1), unit }
}
