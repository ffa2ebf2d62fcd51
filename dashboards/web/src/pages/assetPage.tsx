import { TRIGGER_NAMES, TRIGGER_STATES } from '#protocol/wire/leafFields'
import { durationText, grouped, utcText } from '../data/format.ts'
import { factorWords } from '../data/statusLook.ts'
import type { State, Store } from '../data/store.ts'
import {
  type AssetContext,
  LevelFigure,
  leafProvenance,
  MetricFigure,
  ScoreFigure,
  StatusFigure,
} from '../parts/assetFigures.tsx'
import { Charts } from '../parts/charts.tsx'
import { Figure, StateMark } from '../parts/figure.tsx'
import { Identifier } from '../parts/identifier.tsx'
import { NotProven } from '../parts/notProven.tsx'
import { Notice } from '../parts/sourceBand.tsx'
import { VerifyPanel } from '../parts/verifyPanel.tsx'
import { href } from '../router.ts'

/** One asset: what the round says of it, why, its readings over time, and the checks of this browser. */
export function AssetPage(props: {
  readonly assetId: string
  readonly state: State
  readonly store: Store
  readonly now: number
}) {
  const { assetId, state, store, now } = props
  const asset = state.assets.find((each) => each.assetId === assetId)
  const { feed } = state
  if (!feed || !asset)
    return (
      <main id="main" tabIndex={-1} class="asset-page">
        <Back />
        {feed ? (
          <Notice kind="empty" title="This node does not know this asset">
            <Identifier id={assetId} full />
          </Notice>
        ) : (
          <p class="muted">Asking the node.</p>
        )}
      </main>
    )
  const context: AssetContext = { asset, feed, round: state.round, check: state.checks.get(assetId), now }
  return (
    <main id="main" tabIndex={-1} class="asset-page">
      <Back />
      <h1>
        <span data-id={asset.model}>{asset.model}</span>
      </h1>
      <p class="muted ids">
        token <span data-id={asset.tokenId}>{asset.tokenId}</span>, generation{' '}
        <span data-id={String(asset.generation)}>{asset.generation}</span>, asset{' '}
        <Identifier id={asset.assetId} />, agent <Identifier id={asset.agentId} />
      </p>
      <div class="asset-columns">
        <div>
          <Headline {...context} />
          <Reasons {...context} />
          <Charts key={assetId} context={context} />
          <AllReadings {...context} />
          <Events {...context} />
        </div>
        <div>
          <VerifyPanel key={assetId} asset={asset} state={state} store={store} now={now} />
          <Triggers {...context} />
          <NotProven feed={feed} />
        </div>
      </div>
    </main>
  )
}

function Back() {
  return (
    <a class="back" href={href({ page: 'fleet' })}>
      ← Fleet
    </a>
  )
}

function Headline(context: AssetContext) {
  const { asset, now } = context
  const from = leafProvenance(context)
  const cents = asset.recoverableValueCents
  return (
    <section class="card headline" aria-label="What the round says">
      <div>
        <h2>Status</h2>
        <StatusFigure {...context} />
      </div>
      <div>
        <h2>Score</h2>
        <ScoreFigure {...context} />
      </div>
      <div>
        <h2>Level</h2>
        <LevelFigure {...context} />
      </div>
      <div>
        <h2>Confidence</h2>
        <Figure
          name="confidenceBp"
          value={asset.round === null ? null : grouped(asset.confidenceBp)}
          unit="bp"
          absent="not scored"
          from={from}
          now={now}
        />
      </div>
      <div>
        <h2>Recoverable value</h2>
        <Figure
          name="recoverableValueCents"
          value={cents === '0' ? null : grouped(Number(cents) / 100, 2)}
          unit="USD"
          absent="none stated"
          from={from}
          now={now}
        />
      </div>
    </section>
  )
}

function Reasons(context: AssetContext) {
  const { asset, now } = context
  const from = leafProvenance(context)
  return (
    <section class="card" aria-labelledby="reasons-title">
      <h2 id="reasons-title">Why, and what to do</h2>
      {asset.reasons.length === 0 ? (
        <p class="muted">
          {asset.round === null ? 'No round has scored this asset yet.' : 'The round names no reason.'}
        </p>
      ) : (
        <ol class="reasons">
          {asset.reasons.map((reason) => (
            <li
              key={reason.code}
              data-source={from.source}
              data-at={from.at ?? 'never'}
              data-state={from.state}
              data-reason={reason.code}
            >
              <b>{reason.text}</b>{' '}
              <small class="muted">
                {reason.name} <StateMark state={from.state} />
                {from.at === null ? 'never observed' : durationText(now - from.at)}
              </small>
              <br />
              {reason.remedy}
            </li>
          ))}
        </ol>
      )}
      {asset.notMeasured.length > 0 ? (
        <p data-page>
          <b>Never measured</b>, so capped and never taken as fine:{' '}
          {asset.notMeasured.map(factorWords).join(', ')}.
        </p>
      ) : null}
      {asset.level === 0 ? (
        <p data-page>
          <b>Self-reported (L0):</b> the host vouches for itself. Nothing here proves that it tells the truth.
        </p>
      ) : null}
    </section>
  )
}

function AllReadings(context: AssetContext) {
  const { asset } = context
  const names = Object.keys(asset.latest?.metrics ?? {})
  return (
    <section class="card" aria-labelledby="readings-title">
      <h2 id="readings-title">All readings</h2>
      {names.length === 0 ? (
        <p class="muted">The node has no reading of this device.</p>
      ) : (
        <details>
          <summary>Every metric of the newest sample</summary>
          <dl class="readings">
            {names.map((metric) => (
              <div key={metric}>
                <dt data-id={metric}>{metric}</dt>
                <dd>
                  <MetricFigure context={context} metric={metric} />
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </section>
  )
}

function Triggers(context: AssetContext) {
  const { asset } = context
  const from = leafProvenance(context)
  return (
    <section class="card" aria-labelledby="triggers-title">
      <h2 id="triggers-title">Triggers</h2>
      <dl class="triggers" data-source={from.source} data-at={from.at ?? 'never'} data-state={from.state}>
        {TRIGGER_NAMES.map((name, i) => {
          const word = TRIGGER_STATES[asset.triggers[i] ?? 0] ?? 'unheard of'
          return (
            <div key={name}>
              <dt>{name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}</dt>
              <dd class={`trigger-${word.toLowerCase()}`}>
                {asset.round === null ? 'not evaluated' : word}
                {asset.round === null ? null : <StateMark state={from.state} />}
              </dd>
            </div>
          )
        })}
      </dl>
    </section>
  )
}

function Events(context: AssetContext) {
  const { asset, now } = context
  return (
    <section class="card" aria-labelledby="events-title">
      <h2 id="events-title">Events</h2>
      {asset.events.length === 0 ? (
        <p class="muted">The agent reported none.</p>
      ) : (
        <ul class="incidents">
          {asset.events.map((event) => (
            <li
              key={`${event.at}/${event.name}/${event.headerHash}`}
              data-source={`entry ${event.headerHash.slice(0, 8)}`}
              data-at={event.at}
              data-state="server"
            >
              <b>{event.name.replace(/_/g, ' ')}</b> {event.detail.join(', ')}
              <small title={utcText(event.at)}>
                <StateMark state="server" />
                {durationText(now - event.at)} <Identifier id={event.headerHash} />
              </small>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
