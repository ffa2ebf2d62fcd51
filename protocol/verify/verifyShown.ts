import { sameBytes, toHex } from '../bytes.ts'
import type { AssetView, LatestReading } from '../http/assetView.ts'
import type { Primitives } from '../primitives.ts'
import { verifySign1 } from '../wire/cose.ts'
import { checkBodies, type Entry, entrySegments, parseEntry } from '../wire/entry.ts'
import type { Header } from '../wire/header.ts'
import type { Leaf } from '../wire/leaf.ts'
import { unpackReasons, unpackTriggers } from '../wire/leafFields.ts'
import { metricById } from '../wire/metrics.ts'
import type { TelemetrySegment } from '../wire/segment.ts'
import type { AssetProof } from './assetProof.ts'
import { hexBytes } from './jsonShape.ts'
import type { VerifiedHeader } from './verifyEntry.ts'
import { type Outcome, StepFailure } from './verifySteps.ts'

/** Every number shown of the round is the one in the signed leaf. Throws StepFailure naming the first that is not. */
export function verifyShownLeaf(shown: AssetView, leaf: Leaf): Outcome<null> {
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['round', shown.round, leaf.epoch],
    ['token', shown.tokenId, String(leaf.tokenId)],
    ['generation', shown.generation, leaf.generation],
    ['status', shown.status.code, leaf.status],
    ['score', shown.scoreBp ?? 0, leaf.scoreBp],
    ['level', shown.level, leaf.level],
    ['confidence', shown.confidenceBp, leaf.confidenceBp],
    ['time of the newest sample', shown.observedAt, leaf.observedAt],
    ['value', shown.recoverableValueCents, String(leaf.recoverableValueCents)],
    ['reasons', shown.reasons.map((reason) => reason.code).join(), unpackReasons(leaf.reasons).join()],
    ['triggers', shown.triggers.join(), unpackTriggers(leaf.triggers).join()],
  ]
  const wrong = pairs.find(([, found, wanted]) => found !== wanted)
  if (wrong) throw new StepFailure(`shown ${wrong[0]}: ${wrong[1]}, signed: ${wrong[2]}`)
  return {
    value: null,
    detail: 'score, status, level, confidence, reasons, triggers and times shown are those of the leaf',
  }
}

/**
 * The readings shown are those of a signed entry: the one in the proof, or `newer`, an entry of the same agent that is
 * newer than the round, so that no ack list of the proof covers it. Throws StepFailure or a coded protocol error.
 */
export function verifyReading(
  shown: LatestReading | null,
  proof: AssetProof,
  signed: VerifiedHeader,
  segment: TelemetrySegment | undefined,
  newer: Uint8Array | undefined,
  primitives: Primitives,
): Outcome<null> {
  if (!shown) return { value: null, detail: 'no reading is shown', unproven: true }
  const place = `the readings shown are those of boot ${shown.boot}, sequence ${shown.seq}`
  if (shown.headerHash === toHex(signed.hash)) {
    if (!segment) throw new StepFailure('the segment that holds the readings does not verify')
    compare(shown, signed.header, segment)
    return { value: null, detail: `${place}, in this round` }
  }
  if (!newer)
    return {
      value: null,
      detail: 'the readings shown are of another entry than the one in the proof',
      unproven: true,
    }
  const entry = parseEntry(newer, primitives)
  if (toHex(entry.hash) !== shown.headerHash) throw new StepFailure('the entry served is not the one shown')
  if (!sameBytes(entry.header.agentId, signed.header.agentId))
    throw new StepFailure('the entry served is of another agent')
  if (!verifySign1(entry.sign1, hexBytes(proof.agentKey), primitives))
    throw new StepFailure("the signature of the newest entry does not verify under the agent's key")
  checkBodies(entry, primitives)
  const found = telemetryOf(entry, hexBytes(proof.assetId))
  if (!found) throw new StepFailure('the newest entry has no telemetry of this asset')
  compare(shown, entry.header, found)
  return {
    value: null,
    detail: `${place}, signed by the agent; newer than the round: no ack list shown has it yet`,
  }
}

function telemetryOf(entry: Entry, asset: Uint8Array): TelemetrySegment | undefined {
  for (const segment of entrySegments(entry))
    if (segment.kind === 'telemetry' && segment.subject && sameBytes(segment.subject, asset)) return segment
  return undefined
}

function compare(shown: LatestReading, header: Header, segment: TelemetrySegment): void {
  if (shown.boot !== header.boot || shown.seq !== header.seq)
    throw new StepFailure(
      `shown boot ${shown.boot}, sequence ${shown.seq}; signed ${header.boot}, ${header.seq}`,
    )
  const row = header.times.findIndex((time) => header.t0 + time === shown.at)
  if (row < 0) throw new StepFailure('no signed sample has the time shown')
  const signed = new Map(
    segment.columns.map(({ metric, cells }) => [
      metricById(metric)?.name ?? '',
      { metric, cell: cells[row] },
    ]),
  )
  for (const [name, view] of Object.entries(shown.metrics)) {
    const found = signed.get(name)
    if (!found?.cell) throw new StepFailure(`${name} is shown but not signed`)
    const { cell, metric } = found
    const value = cell.presence === 'value' ? cell.value / (metricById(metric)?.scale ?? 1) : null
    if (view.presence !== cell.presence || view.value !== value)
      throw new StepFailure(
        `${name} is shown as ${view.value ?? view.presence}, signed as ${value ?? cell.presence}`,
      )
  }
}
