import { statusLook } from '../data/statusLook.ts'
import type { State } from '../data/store.ts'
import { Figure } from '../parts/figure.tsx'

export type FleetSummaryProps = {
  readonly state: State
  readonly now: number
  readonly only: number | null
  onOnly(status: number | null): void
}

/** How many assets have each status; a press keeps only those in the table. */
export function FleetSummary({ state, now, only, onOnly }: FleetSummaryProps) {
  const counts = new Map<number, { name: string; count: number }>()
  for (const { status } of state.assets)
    counts.set(status.code, { name: status.name, count: (counts.get(status.code)?.count ?? 0) + 1 })
  const worstFirst = [...counts].sort(([a], [b]) => statusLook(b).severity - statusLook(a).severity)
  const from = {
    source: state.round ? `counted here over the leaves of round ${state.round.round}` : 'counted here',
    at: state.round?.postedAt ?? null,
    state: state.round ? ('server' as const) : ('unsigned' as const),
  }
  if (worstFirst.length === 0) return null
  return (
    <fieldset class="summary" aria-label="Keep only one status">
      {worstFirst.map(([code, { name, count }]) => (
        <button
          key={code}
          type="button"
          class={`summary-item tone-${statusLook(code).tone}`}
          aria-pressed={only === code}
          onClick={() => onOnly(only === code ? null : code)}
        >
          <Figure name={`count-${name}`} value={String(count)} from={from} now={now} />
          <span>
            <span aria-hidden="true">{statusLook(code).sign}</span> {name}
          </span>
        </button>
      ))}
    </fieldset>
  )
}
