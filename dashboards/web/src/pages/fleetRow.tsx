import { durationText } from '../data/format.ts'
import { leafState } from '../data/provenance.ts'
import {
  type AssetContext,
  LevelFigure,
  leafProvenance,
  MetricFigure,
  ScoreFigure,
  StatusFigure,
} from '../parts/assetFigures.tsx'
import { Identifier } from '../parts/identifier.tsx'
import { href } from '../router.ts'

export type FleetRowProps = {
  readonly context: AssetContext
  readonly index: number
  readonly checking: boolean
  readonly problem: string | undefined
  onVerify(assetId: string): void
}

/** One asset in the fleet table. */
export function FleetRow({ context, index, checking, problem, onVerify }: FleetRowProps) {
  const { asset } = context
  return (
    <tr aria-rowindex={index + 2} data-asset={asset.assetId} data-row={index}>
      <th scope="row" class="cell-asset">
        <a href={href({ page: 'asset', assetId: asset.assetId })}>
          <span data-id={asset.model}>{asset.model}</span>
        </a>
        <small>
          token <span data-id={asset.tokenId}>{asset.tokenId}</span> <Identifier id={asset.assetId} />
        </small>
      </th>
      <td class="cell-status">
        <StatusFigure {...context} />
      </td>
      <td class="cell-number" data-label="Score">
        <ScoreFigure {...context} />
      </td>
      <td class="cell-level" data-label="Level">
        <LevelFigure {...context} />
      </td>
      <td class="cell-number" data-label="Power">
        <MetricFigure context={context} metric="powerDrawW" />
      </td>
      <td class="cell-number" data-label="Temperature">
        <MetricFigure context={context} metric="temperatureGpuC" />
      </td>
      <td class="cell-number" data-label="Utilization">
        <MetricFigure context={context} metric="utilizationGpuPct" />
      </td>
      <td class="cell-number" data-label="Memory">
        <MetricFigure context={context} metric="memoryUsedBytes" />
      </td>
      <td class="cell-reason">
        <TopReason {...context} />
      </td>
      <td class="cell-verify">
        <button
          type="button"
          class="quiet"
          disabled={checking}
          aria-label={`Verify token ${asset.tokenId} in this browser`}
          onClick={() => onVerify(asset.assetId)}
        >
          {checking ? 'Checking' : 'Verify'}
        </button>
        <CheckWord context={context} problem={problem} />
      </td>
    </tr>
  )
}

function TopReason(context: AssetContext) {
  const { asset } = context
  const [first, ...others] = asset.reasons
  const from = leafProvenance(context)
  if (!first)
    return <span class="muted">{asset.round === null ? 'waiting for its first round' : 'none given'}</span>
  return (
    <span
      class="reason-line"
      data-source={from.source}
      data-at={from.at ?? 'never'}
      data-state={from.state}
      title={`${first.text}. ${first.remedy}`}
    >
      <b>{first.name}</b> {first.text}
      {others.length > 0 ? <small> and {others.length} more</small> : null}
    </span>
  )
}

function CheckWord({
  context,
  problem,
}: {
  readonly context: AssetContext
  readonly problem: string | undefined
}) {
  if (problem) return <small class="check-bad">✖ no proof</small>
  const { check, asset, now } = context
  if (!check) return null
  const failure = check.result.firstFailure
  if (failure) return <small class="check-bad">✖ {failure.name}</small>
  if (leafState(asset, check) === 'verified') return <small class="check-good">✔ holds</small>
  return (
    <small class="muted" data-page>
      held {durationText(now - check.at)} ago
    </small>
  )
}
