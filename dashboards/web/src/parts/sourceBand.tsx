import { durationText } from '../data/format.ts'
import type { State } from '../data/store.ts'
import { href, type Route } from '../router.ts'
import { Identifier } from './identifier.tsx'

const LINKS: readonly { readonly to: Route; readonly text: string }[] = [
  { to: { page: 'fleet' }, text: 'Fleet' },
  { to: { page: 'rounds' }, text: 'Rounds' },
]

/** The first line of the page: where every number comes from, and whether it was made on real hardware. */
export function SourceBand({ state }: { readonly state: State }) {
  const { feed } = state
  const name = !feed
    ? 'source not known yet'
    : feed.source.synthetic
      ? `${feed.source.name}, SYNTHETIC`
      : feed.source.name
  return (
    <p class={`source-band${feed?.source.synthetic ? ' synthetic' : ''}`} data-page>
      <strong data-source-name>{name}</strong>
      {feed ? (
        <span>
          {' '}
          read from node <Identifier id={feed.nodeId} /> of feed <Identifier id={feed.feedId} /> on chain{' '}
          <span data-id={String(feed.chainId)}>{feed.chainId}</span>
        </span>
      ) : null}
    </p>
  )
}

/** Name, ways through the page, and the state of the link to the node. */
export function TopBar({ state, at }: { readonly state: State; readonly at: Route }) {
  return (
    <header class="top-bar">
      <a class="brand" href={href({ page: 'fleet' })}>
        Assay
      </a>
      <nav aria-label="Pages">
        {LINKS.map(({ to, text }) => (
          <a key={text} href={href(to)} aria-current={at.page === to.page ? 'page' : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <LinkState state={state} />
    </header>
  )
}

function LinkState({ state }: { readonly state: State }) {
  const words = {
    loading: 'asking the node',
    live: 'live',
    lost: 'no word from the node',
    denied: 'the node refuses',
  }[state.link]
  return (
    <span class={`link link-${state.link}`} role="status">
      <span aria-hidden="true">{state.link === 'live' ? '●' : '○'}</span> {words}
    </span>
  )
}

/** Said above everything when what is shown is not live: old, refused or never come. */
export function LinkNotice({ state, now }: { readonly state: State; readonly now: number }) {
  if (state.link === 'live') return null
  if (state.link === 'denied')
    return (
      <Notice kind="denied" title="You may not see this">
        The node refused: <span data-page>{state.problem}</span>
      </Notice>
    )
  if (state.link === 'lost')
    return (
      <Notice kind="lost" title="Nothing new from the node">
        <span data-page>{state.problem}</span>. Everything below is as it was before; its ages go on
        {oldest(state, now)}. This page keeps asking.
      </Notice>
    )
  return state.problem ? (
    <Notice kind="lost" title="The node does not answer yet">
      <span data-page>{state.problem}</span>. This page keeps asking.
    </Notice>
  ) : null
}

/** A box that says that something is not as usual. */
export function Notice(props: {
  readonly kind: 'denied' | 'lost' | 'empty' | 'warning'
  readonly title: string
  readonly children?: preact.ComponentChildren
}) {
  return (
    <section class={`notice notice-${props.kind}`} role={props.kind === 'empty' ? undefined : 'alert'}>
      <h2>{props.title}</h2>
      <p>{props.children}</p>
    </section>
  )
}

function oldest(state: State, now: number): string {
  const newest = Math.max(0, ...state.assets.map((asset) => asset.latest?.at ?? 0))
  return newest === 0 ? '' : ` (newest reading ${durationText(now - newest)} ago)`
}
