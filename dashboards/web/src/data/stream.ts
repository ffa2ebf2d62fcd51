import type { AssetView } from '#protocol/http/assetView'
import type { Incident, RoundSummary } from '#protocol/http/roundView'
import { setNodeClock } from './nodeClock.ts'

/** What the page does with the node's events. */
export type StreamHandlers = {
  asset(asset: AssetView): void
  round(summary: RoundSummary): void
  incident(incident: Incident): void
  /** Events may have been missed: load everything again. */
  reload(): void
  /** The node is silent. */
  lost(): void
}

/** The node sends a beat every 15 s; after this long without a word the link counts as lost. */
const SILENCE_MS = 40_000

/** Opens the event stream and keeps it open until the returned function is called. */
export function openStream(handlers: StreamHandlers): () => void {
  const source = new EventSource('/api/v1/stream')
  let watchdog = 0
  let opened = 0
  const on = (name: string, take: (data: unknown) => void): void =>
    source.addEventListener(name, (event) => {
      clearTimeout(watchdog)
      watchdog = window.setTimeout(handlers.lost, SILENCE_MS)
      take(JSON.parse((event as MessageEvent<string>).data))
    })
  on('hello', (data) => {
    setNodeClock((data as { now: number }).now)
    if (opened++ > 0) handlers.reload()
  })
  on('beat', (data) => setNodeClock((data as { now: number }).now))
  on('asset', (data) => handlers.asset(data as AssetView))
  on('round', (data) => handlers.round(data as RoundSummary))
  on('incident', (data) => handlers.incident(data as Incident))
  on('reset', handlers.reload)
  source.addEventListener('error', handlers.lost)
  return () => {
    clearTimeout(watchdog)
    source.close()
  }
}
