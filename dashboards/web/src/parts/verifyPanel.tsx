import { useEffect, useState } from 'preact/hooks'
import type { AssetView } from '#protocol/http/assetView'
import type { StepName, VerifyStep } from '#protocol/verify/verifySteps'
import { durationText } from '../data/format.ts'
import type { State, Store } from '../data/store.ts'
import { PinBox } from './pinBox.tsx'

const TITLES: Readonly<Record<StepName, string>> = {
  shape: 'Proof is whole',
  header: "Agent's signature on the header",
  segment: 'Segment is the one listed',
  roster: 'Roster is the pinned one',
  quorum: 'Quorum of report signatures',
  ackLists: 'Ack lists of the nodes',
  merkle: 'Merkle proof of the leaf',
  leaf: 'Leaf is of this round',
  admission: 'Token, asset and agent belong together',
  shown: 'Shown score is the signed one',
  reading: 'Shown readings are the signed ones',
  transaction: 'Transaction on chain',
}

const AGAIN_MS = 2000

/** The checks of one asset, made in this browser with the code that the nodes use. */
export function VerifyPanel(props: {
  readonly asset: AssetView
  readonly state: State
  readonly store: Store
  readonly now: number
}) {
  const { asset, state, store, now } = props
  const [follow, setFollow] = useState(false)
  const check = state.checks.get(asset.assetId)
  const problem = state.checkProblems.get(asset.assetId)
  const checking = state.checking.has(asset.assetId)
  const key = `${asset.round}/${asset.latest?.headerHash}`
  const checkedKey = check && `${check.shown.round}/${check.shown.latest?.headerHash}`
  useEffect(() => {
    if (!follow || key === checkedKey) return
    const timer = setTimeout(() => void store.verify(asset.assetId), check ? AGAIN_MS : 0)
    return () => clearTimeout(timer)
  }, [follow, key, checkedKey, asset.assetId, store, check])
  const round = asset.round === null ? '' : `?round=${asset.round}`
  return (
    <section class="card verify" aria-labelledby="verify-title">
      <h2 id="verify-title">Verify in this browser</h2>
      <p class="muted" data-page>
        The node is asked for the signed objects; everything else happens here. It cannot make a wrong number
        pass.
      </p>
      <div class="verify-tools">
        <button
          type="button"
          class="primary"
          disabled={checking}
          onClick={() => void store.verify(asset.assetId)}
        >
          {checking ? 'Checking' : 'Verify'}
        </button>
        <label class="tick">
          <input
            type="checkbox"
            checked={follow}
            onChange={(event) => setFollow(event.currentTarget.checked)}
          />
          keep verifying
        </label>
        <a href={`/api/v1/verify/file/${asset.assetId}${round}`} download>
          Download the proof
        </a>
      </div>
      <div aria-live="polite">
        {problem ? (
          <p class="verdict verdict-bad" data-page>
            ✖ The node gives no proof: {problem}
          </p>
        ) : null}
        {check ? <Verdict check={check} now={now} newer={key !== checkedKey} /> : null}
      </div>
      {check ? (
        <ol class="steps">
          {check.result.steps.map((step) => (
            <Step key={step.name} step={step} />
          ))}
        </ol>
      ) : null}
      <PinBox state={state} store={store} />
    </section>
  )
}

function Verdict(props: {
  readonly check: NonNullable<ReturnType<State['checks']['get']>>
  readonly now: number
  readonly newer: boolean
}) {
  const { check, now, newer } = props
  const { firstFailure, steps } = check.result
  const open = steps.filter((step) => step.ok === null)
  const when = `${durationText(now - check.at)}${now - check.at < 1000 ? '' : ' ago'}, in ${Math.round(check.tookMs)} ms`
  if (firstFailure)
    return (
      <p class="verdict verdict-bad" data-page data-verdict="failed">
        ✖ Does not hold: {TITLES[firstFailure.name]}. Do not rely on these numbers. Checked {when}.
      </p>
    )
  return (
    <p class="verdict verdict-good" data-page data-verdict="holds">
      ✔ {steps.length - open.length} checks hold
      {open.length > 0
        ? `, ${open.length} cannot be made here (${open.map((step) => TITLES[step.name].toLowerCase()).join('; ')})`
        : ''}
      . Checked {when}.
      {newer ? ' Newer numbers have come since; they are the node’s word until checked again.' : ''}
    </p>
  )
}

function Step({ step }: { readonly step: VerifyStep }) {
  const look = step.ok === null ? 'open' : step.ok ? 'good' : 'bad'
  const sign = { open: '○', good: '✔', bad: '✖' }[look]
  const word = { open: 'not proven here', good: 'holds', bad: 'does not hold' }[look]
  return (
    <li class={`step step-${look}`} data-step={step.name} data-ok={String(step.ok)}>
      <span class="step-sign" aria-hidden="true">
        {sign}
      </span>
      <span>
        <b>{TITLES[step.name]}</b> <span class="step-word">{word}</span>
        <small data-page>{step.detail}</small>
      </span>
    </li>
  )
}
