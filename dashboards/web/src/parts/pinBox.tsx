import { useState } from 'preact/hooks'
import { utcText } from '../data/format.ts'
import type { State, Store } from '../data/store.ts'
import { Identifier } from './identifier.tsx'

/** Which nodes this browser trusts for the feed, and the way to say otherwise. */
export function PinBox({ state, store }: { readonly state: State; readonly store: Store }) {
  const { feed, pin } = state
  const [text, setText] = useState('')
  if (!feed || !pin) return null
  const wanted = text.trim().toLowerCase().replace(/^0x/, '')
  const valid = /^[0-9a-f]{64}$/.test(wanted)
  const differs = pin.fingerprint !== feed.roster.fingerprint
  return (
    <details class="pin" open={differs} data-page>
      <summary>{differs ? '✖ The node shows another roster than the pinned one' : 'Pinned roster'}</summary>
      <p>
        <Identifier id={pin.fingerprint} full /> since {utcText(pin.sinceMs)},{' '}
        {pin.by === 'you'
          ? 'entered by you.'
          : 'taken from this node on the first visit: compare it with the fingerprint that an operator or your agent gives you.'}
      </p>
      {differs ? (
        <p>
          The node now shows <Identifier id={feed.roster.fingerprint} full />.
        </p>
      ) : null}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (valid) store.repin(wanted)
          setText('')
        }}
      >
        <label>
          Fingerprint
          <input
            value={text}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => setText(event.currentTarget.value)}
            aria-invalid={text !== '' && !valid}
          />
        </label>
        <button type="submit" disabled={!valid}>
          Pin
        </button>
      </form>
    </details>
  )
}
