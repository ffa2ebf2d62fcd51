import type { FeedInfo } from '#protocol/http/feedInfo'
import type { RoundView } from '#protocol/http/roundView'
import { durationText, grouped, shortId, utcText } from '../data/format.ts'
import type { SignatureState } from '../data/provenance.ts'
import type { State } from '../data/store.ts'
import { Figure, type Provenance } from '../parts/figure.tsx'
import { Identifier } from '../parts/identifier.tsx'
import { IncidentList } from '../parts/incidentList.tsx'
import { NotProven } from '../parts/notProven.tsx'
import { RoundStrip } from '../parts/roundStrip.tsx'

type PanelProps = { readonly state: State; readonly now: number }

/** The latest round, its signers and transaction, how long it stays fresh, and what went wrong lately. */
export function RoundPanel({ state, now }: PanelProps) {
  const { feed, round } = state
  return (
    <aside class="round-panel" aria-label="Latest round">
      <section class="card">
        <h2>Latest round</h2>
        {feed && round ? (
          <RoundFacts feed={feed} round={round} state={state} now={now} />
        ) : (
          <p class="muted">
            {feed ? 'No round has been posted yet. Until one is, every asset is Unknown.' : 'Not known yet.'}
          </p>
        )}
      </section>
      <section class="card">
        <h2>Last rounds</h2>
        <RoundStrip rounds={state.rounds} />
      </section>
      <section class="card">
        <h2>Incidents</h2>
        <IncidentList incidents={state.incidents.slice(0, 8)} feed={feed} now={now} />
      </section>
      <NotProven feed={feed} />
    </aside>
  )
}

/** Whether a check of this browser covers the digest of this round. */
export function roundState(state: State, round: RoundView): SignatureState {
  if (round.digest === null || round.signatures.length === 0) return 'unsigned'
  for (const check of state.checks.values())
    if (
      check.result.digest !== null &&
      check.result.digest === round.digest &&
      sameReport(check.result, round)
    )
      return check.result.steps.every((step) => step.name !== 'roster' || step.ok === true)
        ? 'verified'
        : 'server'
  return 'server'
}

function sameReport(result: { readonly leaf: { readonly epoch: number } | null }, round: RoundView): boolean {
  return result.leaf?.epoch === round.round && round.report?.root === round.root
}

function RoundFacts(props: PanelProps & { readonly feed: FeedInfo; readonly round: RoundView }) {
  const { feed, round, state, now } = props
  const from: Provenance = {
    source: `report of round ${round.round}, node ${feed.nodeId.slice(0, 8)}`,
    at: round.postedAt,
    state: roundState(state, round),
  }
  const said: Provenance = {
    ...from,
    state: 'server',
    source: `node ${feed.nodeId.slice(0, 8)} read it from the chain`,
  }
  return (
    <>
      <div class="round-figures">
        <span class="round-number">
          <Figure name="round" value={grouped(round.round)} from={from} now={now} />
        </span>
        <span class={`chip round-${round.state}`}>{round.state}</span>
        <Freshness round={round} from={from} now={now} />
      </div>
      <dl class="facts">
        <dt>Root</dt>
        <dd>{round.root ? <Identifier id={round.root} /> : 'none'}</dd>
        <dt>Digest</dt>
        <dd>{round.digest ? <Identifier id={round.digest} /> : 'none'}</dd>
        <dt>Leaves</dt>
        <dd>
          <Figure
            name="leafCount"
            value={round.leafCount === null ? null : grouped(round.leafCount)}
            from={from}
            now={now}
          />
        </dd>
        <dt>Transaction</dt>
        <dd>{round.transaction ? <Identifier id={round.transaction} /> : 'not on chain'}</dd>
        <dt>Block</dt>
        <dd>
          <Figure
            name="blockNumber"
            value={round.blockNumber === null ? null : grouped(round.blockNumber)}
            from={said}
            now={now}
          />
        </dd>
        <dt>Gas used</dt>
        <dd>
          <Figure
            name="gasUsed"
            value={round.gasUsed === null ? null : grouped(round.gasUsed)}
            from={said}
            now={now}
          />
        </dd>
      </dl>
      <Signers feed={feed} round={round} from={from} now={now} />
      {round.dissentTexts.map((dissent) => (
        <p key={dissent.nodeId} class="check-bad" data-page>
          ✖ Dissent of {shortId(dissent.nodeId)}: {dissent.text}
        </p>
      ))}
    </>
  )
}

function Freshness(props: { readonly round: RoundView; readonly from: Provenance; readonly now: number }) {
  const { round, from, now } = props
  if (!round.report) return null
  const until = round.report.validUntil * 1000
  const left = until - now
  return (
    <Figure name="freshness" value="" from={from} now={now}>
      <span class={left > 0 ? 'fresh' : 'check-bad'} title={`valid until ${utcText(until)}`}>
        {left > 0 ? `fresh for ${durationText(left)}` : `stale for ${durationText(-left)}`}
      </span>
    </Figure>
  )
}

function Signers(props: {
  readonly feed: FeedInfo
  readonly round: RoundView
  readonly from: Provenance
  readonly now: number
}) {
  const { feed, round, from, now } = props
  const named = new Set(round.named.map((each) => each.nodeId))
  return (
    <>
      <h3>
        Signers{' '}
        <Figure
          name="signers"
          value={`${round.signers.length} of ${feed.roster.nodes.length}`}
          unit={`(${feed.roster.threshold} needed)`}
          from={from}
          now={now}
        />
      </h3>
      <ul class="signers">
        {feed.roster.nodes.map((node) => {
          const signed = round.signers.includes(node.nodeId)
          return (
            <li key={node.nodeId} class={signed ? 'signed' : 'unsigned'}>
              <span aria-hidden="true">{signed ? '✔' : '○'}</span> <Identifier id={node.nodeId} />
              <small>
                {signed ? 'signed' : 'did not sign'}
                {named.has(node.nodeId) ? ', its ack list counts' : ''}
              </small>
            </li>
          )
        })}
      </ul>
    </>
  )
}
