import { durationText, grouped } from '../data/format.ts'
import type { State } from '../data/store.ts'
import { Figure, type Provenance } from '../parts/figure.tsx'
import { Identifier } from '../parts/identifier.tsx'
import { IncidentList } from '../parts/incidentList.tsx'
import { RoundPanel } from './roundPanel.tsx'

/** The last rounds as a list, and all incidents that the node tells of. */
export function RoundsPage({ state, now }: { readonly state: State; readonly now: number }) {
  return (
    <div class="fleet-page">
      <main id="main" tabIndex={-1}>
        <h1>Rounds</h1>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable without a mouse */}
        <section class="table-box short" aria-label="Last rounds" tabIndex={0}>
          <table class="rounds">
            <caption class="unseen">The last rounds, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Round</th>
                <th scope="col">State</th>
                <th scope="col">Root</th>
                <th scope="col">Signers</th>
                <th scope="col">Transaction</th>
                <th scope="col">Gas used</th>
              </tr>
            </thead>
            <tbody>
              {state.rounds.map((round) => {
                const from: Provenance = {
                  source: `node ${state.feed?.nodeId.slice(0, 8) ?? ''}`,
                  at: round.postedAt,
                  state: 'server',
                }
                return (
                  <tr key={round.round}>
                    <th scope="row" data-id={String(round.round)}>
                      {round.round}
                    </th>
                    <td>
                      <span class={`chip round-${round.state}`}>{round.state}</span>
                      {round.dissents > 0 ? <small class="check-bad"> ✖ dissent</small> : null}
                    </td>
                    <td>{round.root ? <Identifier id={round.root} /> : 'none'}</td>
                    <td>
                      <Figure name="signers" value={String(round.signers.length)} from={from} now={now} />
                    </td>
                    <td>{round.transaction ? <Identifier id={round.transaction} /> : 'none'}</td>
                    <td>
                      <Figure
                        name="gasUsed"
                        value={round.gasUsed === null ? null : grouped(round.gasUsed)}
                        absent="none"
                        from={from}
                        now={now}
                      />
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </section>
        <h2>All incidents</h2>
        <div class="card">
          <IncidentList incidents={state.incidents} feed={state.feed} now={now} />
        </div>
        <Timing state={state} />
      </main>
      <RoundPanel state={state} now={now} />
    </div>
  )
}

function Timing({ state }: { readonly state: State }) {
  const { feed } = state
  if (!feed) return null
  return (
    <p class="muted" data-page>
      This feed opens an epoch every {durationText(feed.epochLengthS * 1000)} and posts at least every{' '}
      {durationText(feed.heartbeatS * 1000)} while its nodes agree. Health oracle{' '}
      <Identifier id={feed.healthOracle} />, registry <Identifier id={feed.registry} />, methodology{' '}
      <Identifier id={feed.methodologyHash} />.
    </p>
  )
}
