import type { ComponentChildren } from 'preact'
import { durationText, utcText } from '../data/format.ts'
import { type SignatureState, STATE_WORDS } from '../data/provenance.ts'

/** Where a number comes from: its source in words, its time in milliseconds, and who vouches for it. */
export type Provenance = {
  readonly source: string
  /** Null: it was never observed. */
  readonly at: number | null
  readonly state: SignatureState
  /** Older than this many milliseconds it says nothing about now. */
  readonly staleAfterMs?: number
}

export type FigureProps = {
  readonly name: string
  /** Null: there is none, and `absent` says why. */
  readonly value: string | null
  readonly unit?: string | undefined
  readonly absent?: string
  readonly from: Provenance
  readonly now: number
  readonly children?: ComponentChildren
}

const MARKS: Readonly<Record<SignatureState, string>> = {
  verified: '✔',
  failed: '✖',
  server: '◇',
  unsigned: '○',
}

/** The sign of a signature state, with its words for those who do not see it. */
export function StateMark({ state }: { readonly state: SignatureState }) {
  return (
    <span class={`mark mark-${state}`} title={STATE_WORDS[state]}>
      <span aria-hidden="true">{MARKS[state]}</span>
      <span class="unseen">{STATE_WORDS[state]}, </span>
    </span>
  )
}

/** A number, and under it who vouches for it and how old it is. Nothing on the page shows a number otherwise. */
export function Figure({ name, value, unit, absent, from, now, children }: FigureProps) {
  const age = from.at === null ? null : now - from.at
  const stale = age !== null && from.staleAfterMs !== undefined && age > from.staleAfterMs
  return (
    <span
      class={`figure${stale ? ' stale' : ''}`}
      data-figure={name}
      data-source={from.source}
      data-at={from.at ?? 'never'}
      data-state={from.state}
      title={titleOf(from)}
    >
      <span class="figure-value">
        {children ??
          (value === null ? (
            <span class="absent">{absent ?? 'not there'}</span>
          ) : (
            <>
              {value}
              {unit ? <small> {unit}</small> : null}
            </>
          ))}
      </span>
      <span class="figure-from">
        <StateMark state={from.state} />
        {age === null ? 'never' : durationText(age)}
        {stale ? <b> stale</b> : null}
      </span>
    </span>
  )
}

function titleOf(from: Provenance): string {
  const at = from.at === null ? 'never observed' : utcText(from.at)
  return `${from.source} · ${at} · ${STATE_WORDS[from.state]}`
}
