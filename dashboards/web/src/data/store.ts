import type { AssetsView, AssetView } from '#protocol/http/assetView'
import type { FeedInfo } from '#protocol/http/feedInfo'
import type { Incident, RoundSummary, RoundView } from '#protocol/http/roundView'
import { type Check, checkAsset } from './checks.ts'
import { FetchError, fetchJson } from './fetchJson.ts'
import { setNodeClock } from './nodeClock.ts'
import { type Pin, pinOf, storePin } from './pins.ts'
import { openStream } from './stream.ts'

/** `loading` until the first answer; `lost` when the node is silent: what is shown is then old and says so. */
export type Link = 'loading' | 'live' | 'lost' | 'denied'

/** Everything that the page shows. Replaced as a whole on every change. */
export type State = {
  readonly link: Link
  /** Why there is nothing or nothing new, in the node's own words. */
  readonly problem: string | null
  readonly feed: FeedInfo | null
  readonly pin: Pin | null
  /** Ascending by tokenId. */
  readonly assets: readonly AssetView[]
  readonly round: RoundView | null
  readonly rounds: readonly RoundSummary[]
  readonly incidents: readonly Incident[]
  readonly checks: ReadonlyMap<string, Check>
  readonly checking: ReadonlySet<string>
  /** Assets whose proof could not be had, and why. */
  readonly checkProblems: ReadonlyMap<string, string>
}

/** The page's one store. */
export type Store = {
  get(): State
  subscribe(listener: () => void): () => void
  start(): void
  stop(): void
  verify(assetId: string): Promise<void>
  repin(fingerprint: string): void
}

const EMPTY: State = {
  link: 'loading',
  problem: null,
  feed: null,
  pin: null,
  assets: [],
  round: null,
  rounds: [],
  incidents: [],
  checks: new Map(),
  checking: new Set(),
  checkProblems: new Map(),
}
const MOST_ROUNDS = 50
const MOST_INCIDENTS = 200
const RETRY_MS = 3000

/** A store over the node that served the page; nothing is asked before `start`. */
export function createStore(): Store {
  let state = EMPTY
  const listeners = new Set<() => void>()
  let close: (() => void) | undefined
  let retry: number | undefined
  let reload: number | undefined

  const set = (change: Partial<State>): void => {
    state = { ...state, ...change }
    for (const listener of listeners) listener()
  }

  async function load(): Promise<void> {
    clearTimeout(retry)
    try {
      const feed = await fetchJson<FeedInfo>('/api/v1/feed')
      setNodeClock(feed.now)
      const pin =
        state.pin && state.feed?.feedId === feed.feedId
          ? state.pin
          : pinOf(feed.feedId, feed.roster.fingerprint)
      const [assets, rounds, incidents, round] = await Promise.all([
        fetchJson<AssetsView>('/api/v1/assets'),
        fetchJson<{ rounds: RoundSummary[] }>('/api/v1/rounds'),
        fetchJson<{ incidents: Incident[] }>('/api/v1/incidents'),
        latestRound(),
      ])
      set({
        link: 'live',
        problem: null,
        feed,
        pin,
        assets: assets.assets,
        rounds: rounds.rounds,
        incidents: incidents.incidents,
        round,
      })
    } catch (error) {
      const denied = error instanceof FetchError && error.problem === 'denied'
      set({ link: denied ? 'denied' : state.feed ? 'lost' : 'loading', problem: (error as Error).message })
      retry = window.setTimeout(load, RETRY_MS)
    }
  }

  function loadSoon(): void {
    clearTimeout(reload)
    reload = window.setTimeout(load, 150)
  }

  function takeAsset(asset: AssetView): void {
    const at = state.assets.findIndex((each) => each.assetId === asset.assetId)
    if (at < 0) loadSoon()
    else set({ assets: state.assets.with(at, asset) })
  }

  function takeRound(summary: RoundSummary): void {
    const others = state.rounds.filter((each) => each.round !== summary.round)
    const rounds = [...others, summary].sort((a, b) => b.round - a.round).slice(0, MOST_ROUNDS)
    set({ rounds })
    if (summary.state === 'posted') loadSoon()
  }

  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    start() {
      void load()
      close = openStream({
        asset: takeAsset,
        round: takeRound,
        incident: (incident) => set({ incidents: [incident, ...state.incidents].slice(0, MOST_INCIDENTS) }),
        reload: loadSoon,
        lost: () =>
          state.link === 'live' && set({ link: 'lost', problem: 'the event stream of the node broke off' }),
      })
    },
    stop() {
      close?.()
      clearTimeout(retry)
      clearTimeout(reload)
    },
    async verify(assetId) {
      const asset = state.assets.find((each) => each.assetId === assetId)
      if (!asset || !state.feed || !state.pin || state.checking.has(assetId)) return
      set({
        checking: new Set([...state.checking, assetId]),
        checkProblems: without(state.checkProblems, assetId),
      })
      try {
        const check = await checkAsset(asset, state.feed, state.pin)
        set({ checks: new Map([...state.checks, [assetId, check]]) })
      } catch (error) {
        set({
          checks: without(state.checks, assetId),
          checkProblems: new Map([...state.checkProblems, [assetId, (error as Error).message]]),
        })
      } finally {
        set({ checking: new Set([...state.checking].filter((each) => each !== assetId)) })
      }
    },
    repin(fingerprint) {
      if (!state.feed) return
      set({ pin: storePin(state.feed.feedId, fingerprint, 'you'), checks: new Map() })
    },
  }
}

async function latestRound(): Promise<RoundView | null> {
  try {
    return await fetchJson<RoundView>('/api/v1/rounds/latest')
  } catch (error) {
    if (error instanceof FetchError && error.problem === 'missing') return null
    throw error
  }
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = new Map(map)
  rest.delete(key)
  return rest
}
