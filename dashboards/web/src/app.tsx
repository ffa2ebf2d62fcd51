import { useEffect, useRef } from 'preact/hooks'
import { useNow, useRoute, useStore } from './data/hooks.ts'
import type { Store } from './data/store.ts'
import { AssetPage } from './pages/assetPage.tsx'
import { FleetPage } from './pages/fleetPage.tsx'
import { RoundsPage } from './pages/roundsPage.tsx'
import { Legend } from './parts/legend.tsx'
import { LinkNotice, SourceBand, TopBar } from './parts/sourceBand.tsx'
import type { Route } from './router.ts'

/** The whole page: source first, then the page of the address. */
export function App({ store }: { readonly store: Store }) {
  const state = useStore(store)
  const now = useNow()
  const at = useRoute()
  const place = at.page === 'asset' ? at.assetId : at.page
  const before = useRef(place)
  useEffect(() => {
    if (before.current === place) return
    before.current = place
    scrollTo(0, 0)
    document.getElementById('main')?.focus()
  }, [place])
  return (
    <>
      <SourceBand state={state} />
      <button type="button" class="skip" onClick={toContent}>
        To the content
      </button>
      <TopBar state={state} at={at} />
      <LinkNotice state={state} now={now} />
      {page(at)}
      <Legend />
    </>
  )

  function page(to: Route) {
    if (to.page === 'asset') return <AssetPage assetId={to.assetId} state={state} store={store} now={now} />
    if (to.page === 'rounds') return <RoundsPage state={state} now={now} />
    return <FleetPage state={state} store={store} now={now} />
  }
}

function toContent(): void {
  document.getElementById('main')?.focus()
}
