import type { ScoreResult } from '#protocol/score/chs1'
import type { RoundResult } from '#protocol/score/round'
import type { ScoreInput } from '#protocol/score/scoreInput'
import type { Hex } from '#protocol/wire/chainView'

/** Inputs and score of every asset of a round by assetId (0x hex): what `assay explain` and the page show. */
export type ScoreRows = Readonly<Record<Hex, { readonly inputs: ScoreInput; readonly score: ScoreResult }>>

/** The stored form. */
export function writeScores(result: RoundResult): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(Object.fromEntries(result.scores)))
}

/** @throws SyntaxError when the row was damaged */
export function readScores(bytes: Uint8Array): ScoreRows {
  return JSON.parse(new TextDecoder().decode(bytes)) as ScoreRows
}
