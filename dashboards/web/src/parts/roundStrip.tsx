import type { RoundStatus, RoundSummary } from '#protocol/http/roundView'

const LOOK: Readonly<Record<RoundStatus, { sign: string; word: string }>> = {
  posted: { sign: '✔', word: 'posted' },
  agreed: { sign: '◐', word: 'agreed, not on chain' },
  open: { sign: '…', word: 'being agreed' },
  skipped: { sign: '✕', word: 'skipped' },
}

/** The last rounds, newest first, one box each: what became of them. */
export function RoundStrip({ rounds }: { readonly rounds: readonly RoundSummary[] }) {
  if (rounds.length === 0) return <p class="muted">None yet.</p>
  const skipped = rounds.filter((round) => round.state === 'skipped')
  return (
    <>
      <ul class="strip">
        {rounds.map((round) => {
          const look = LOOK[round.state]
          const dissent = round.dissents > 0 ? ', with dissent' : ''
          return (
            <li
              key={round.round}
              class={`box box-${round.state}`}
              title={`round ${round.round}: ${look.word}${dissent}`}
            >
              <span aria-hidden="true">{look.sign}</span>
              <span class="unseen" data-id={String(round.round)}>
                round {round.round} {look.word}
                {dissent}
              </span>
            </li>
          )
        })}
      </ul>
      <p class="muted" data-page>
        {skipped.length === 0
          ? 'None of them was skipped.'
          : `Skipped: ${skipped.map((round) => round.round).join(', ')}. That costs nothing: the next posted round carries all news.`}
      </p>
    </>
  )
}
