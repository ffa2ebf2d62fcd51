import { useMemo, useState } from 'preact/hooks'
import type { AssetView } from '#protocol/http/assetView'
import { statusLook } from '../data/statusLook.ts'
import type { State, Store } from '../data/store.ts'
import { Notice } from '../parts/sourceBand.tsx'
import { useMedia } from '../parts/useMedia.ts'
import { useWindow } from '../parts/useWindow.ts'
import { FleetRow } from './fleetRow.tsx'
import { FleetSummary } from './fleetSummary.tsx'
import { RoundPanel } from './roundPanel.tsx'

type Order = 'needs hands' | 'token' | 'score'
const ORDERS: readonly Order[] = ['needs hands', 'token', 'score']
const HEADS = [
  'Asset',
  'Status',
  'Score',
  'Level',
  'Power',
  'Temperature',
  'Utilization',
  'Memory',
  'First reason',
  'Check',
]
const NUMBER_HEADS = ['Score', 'Power', 'Temperature', 'Utilization', 'Memory']

/** All assets of the feed beside the latest round. */
export function FleetPage({
  state,
  store,
  now,
}: {
  readonly state: State
  readonly store: Store
  readonly now: number
}) {
  const [order, setOrder] = useState<Order>('needs hands')
  const [wanted, setWanted] = useState('')
  const [only, setOnly] = useState<number | null>(null)
  const rows = useMemo(() => select(state.assets, order, wanted, only), [state.assets, order, wanted, only])
  return (
    <div class="fleet-page">
      <main id="main" tabIndex={-1}>
        <h1>Fleet</h1>
        <FleetSummary state={state} now={now} only={only} onOnly={setOnly} />
        <div class="tools">
          <label>
            Find
            <input
              type="search"
              placeholder="token, model, id, reason"
              value={wanted}
              onInput={(event) => setWanted(event.currentTarget.value)}
            />
          </label>
          <label>
            Order
            <select value={order} onChange={(event) => setOrder(event.currentTarget.value as Order)}>
              {ORDERS.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        </div>
        <FleetTable rows={rows} state={state} store={store} now={now} />
      </main>
      <RoundPanel state={state} now={now} />
    </div>
  )
}

function FleetTable(props: {
  readonly rows: readonly AssetView[]
  readonly state: State
  readonly store: Store
  readonly now: number
}) {
  const { rows, state, store, now } = props
  const narrow = useMedia('(max-width: 760px)')
  const shown = useWindow(rows.length, narrow ? 284 : 60)
  const { feed } = state
  if (!feed) return state.problem ? null : <p class="muted">Asking the node for its assets.</p>
  if (state.assets.length === 0)
    return (
      <Notice kind="empty" title="No asset is admitted to this feed yet">
        An asset appears here when its agent is enrolled, the nodes have approved it and its token is minted.
      </Notice>
    )
  if (rows.length === 0) return <Notice kind="empty" title="No asset matches" />

  return (
    <div class="table-box" ref={shown.box}>
      <table class="fleet" aria-rowcount={rows.length + 1}>
        <caption class="unseen">Assets. Up and down arrows move between rows.</caption>
        <thead>
          <tr aria-rowindex={1}>
            {HEADS.map((head) => (
              <th key={head} scope="col" class={NUMBER_HEADS.includes(head) ? 'cell-number' : undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.above > 0 ? <Spacer height={shown.above} /> : null}
          {rows.slice(shown.first, shown.last).map((asset, i) => (
            <FleetRow
              key={asset.assetId}
              index={shown.first + i}
              context={{ asset, feed, round: state.round, check: state.checks.get(asset.assetId), now }}
              checking={state.checking.has(asset.assetId)}
              problem={state.checkProblems.get(asset.assetId)}
              onVerify={(id) => void store.verify(id)}
            />
          ))}
          {shown.below > 0 ? <Spacer height={shown.below} /> : null}
        </tbody>
      </table>
    </div>
  )
}

function Spacer({ height }: { readonly height: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: an empty row cannot take the focus; it only holds the scroll height
    <tr class="spacer" aria-hidden="true" style={{ height: `${height}px` }}>
      <td colSpan={HEADS.length} />
    </tr>
  )
}

function select(
  assets: readonly AssetView[],
  order: Order,
  wanted: string,
  only: number | null,
): readonly AssetView[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
  const kept = assets.filter((asset) => {
    if (only !== null && asset.status.code !== only) return false
    const reasons = asset.reasons.map((reason) => `${reason.name} ${reason.text}`)
    const text = [asset.tokenId, asset.model, asset.assetId, asset.status.name, ...reasons]
      .join(' ')
      .toLowerCase()
    return words.every((word) => text.includes(word))
  })
  if (order === 'token') return kept
  if (order === 'score') return kept.sort((a, b) => (a.scoreBp ?? -1) - (b.scoreBp ?? -1))
  return kept.sort(
    (a, b) =>
      statusLook(b.status.code).severity - statusLook(a.status.code).severity ||
      (a.scoreBp ?? -1) - (b.scoreBp ?? -1),
  )
}
