import { type SignatureState, STATE_WORDS } from '../data/provenance.ts'
import { StateMark } from './figure.tsx'

const STATES: readonly SignatureState[] = ['verified', 'server', 'unsigned', 'failed']

/** What the signs beside the numbers mean. */
export function Legend() {
  return (
    <footer class="legend">
      <span>Beside every number: who vouches for it, and how old it is.</span>
      {STATES.map((state) => (
        <span key={state}>
          <StateMark state={state} />
          <span aria-hidden="true">{STATE_WORDS[state]}</span>
        </span>
      ))}
    </footer>
  )
}
