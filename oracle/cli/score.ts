import { readFile } from 'node:fs/promises'
import type { AssayError } from '#protocol/assayError'
import { scoreChs1 } from '#protocol/score/chs1'
import { inputStatus } from '#protocol/score/inputStatus'
import { inputsDigest } from '#protocol/score/inputsDigest'
import { CHS1 } from '#protocol/score/methodology'
import { methodologyHash } from '#protocol/score/methodologyHash'
import type { ProfileName } from '#protocol/score/methodologyTypes'
import { parseScoreInput } from '#protocol/score/parseScoreInput'
import type { ScoreInput } from '#protocol/score/scoreInput'
import { statusName } from '#protocol/score/statuses'
import { oracleError } from '../oracleErrors.ts'

/** Options of `assay score`; `out` and `err` default to the process's own streams. */
export type ScoreOptions = {
  /** JSON file: `{input}` or `{vectors: [{name, input}]}` in the field names of CHS-1. */
  readonly inputs: string
  readonly json: boolean
  readonly profile?: ProfileName
  readonly out?: (text: string) => void
  readonly err?: (text: string) => void
}

type Refusal = { readonly vector: string; readonly field: string | null; readonly error: AssayError }

/**
 * `assay score`: scores every vector of a file with CHS-1 and prints score, reasons and digests.
 * Exit code 0; 2 when the file cannot be read or any field of any vector is not valid (all of them are named, nothing
 * is scored).
 */
export async function scoreCommand(options: ScoreOptions): Promise<number> {
  const out = options.out ?? ((text: string) => void process.stdout.write(text))
  const err = options.err ?? ((text: string) => void process.stderr.write(text))
  const read = await readVectors(options.inputs)
  if ('refusals' in read) return refuse(read.refusals, options.json, out, err)
  const profile = options.profile ?? 'production'
  const vectors = read.vectors.map(({ name, input }) => scored(name, input, profile))
  out(options.json ? `${JSON.stringify({ vectors }, null, 2)}\n` : vectors.map(shown).join('\n'))
  return 0
}

function scored(name: string, input: ScoreInput, profile: ProfileName) {
  const result = scoreChs1(input, CHS1, profile)
  const status = inputStatus(input, result, CHS1, profile)
  return {
    name,
    score: result.score,
    grade: result.grade,
    confidence: result.confidenceBp,
    status: statusName(status.status),
    statusWhy: status.why,
    gate: result.gate,
    subscores: result.subscores,
    hazardBp: result.hazardBp,
    pd12mBp: result.pd12mBp,
    weightedSum: result.weightedSum,
    cap: result.cap,
    reasons: result.reasons.map(({ code, points }) => ({
      code,
      points,
      text: CHS1.reasons[code].text,
      remedy: CHS1.reasons[code].remedy,
    })),
    tags: result.tags,
    notMeasured: result.notMeasured,
    nullFields: result.nullFields,
    profile,
    inputRoot: inputsDigest(input),
    methodologyHash: METHODOLOGY_HASH,
  }
}

const METHODOLOGY_HASH = methodologyHash(CHS1)

function shown(vector: ReturnType<typeof scored>): string {
  const lines = [
    `${vector.name}: ${vector.score} of 10000, grade ${vector.grade}, ${vector.status}, confidence ${vector.confidence}`,
    ...vector.reasons.map(({ code, points, text, remedy }) => `  ${code} -${points}: ${text}. ${remedy}`),
  ]
  if (vector.notMeasured.length > 0) lines.push(`  never measured: ${vector.notMeasured.join(', ')}`)
  return `${lines.join('\n')}\n`
}

async function readVectors(
  path: string,
): Promise<
  | { readonly vectors: readonly { readonly name: string; readonly input: ScoreInput }[] }
  | { readonly refusals: readonly Refusal[] }
> {
  const whole = (found: string, wanted: string, cause?: unknown) => ({
    refusals: [
      {
        vector: '',
        field: null,
        error: oracleError('ORACLE_SCORE_FILE', { file: path, found, wanted }, cause),
      },
    ],
  })
  let data: unknown
  try {
    data = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    return whole((cause as Error).message, 'a readable JSON file', cause)
  }
  const list = vectorsOf(data)
  if (!list) return whole('another shape', '{"input": {…}} or {"vectors": [{"name", "input"}]}')
  const refusals: Refusal[] = []
  const vectors: { name: string; input: ScoreInput }[] = []
  for (const { name, input } of list) {
    const parsed = parseScoreInput(input)
    if ('input' in parsed) vectors.push({ name, input: parsed.input })
    else {
      for (const error of parsed.errors) {
        refusals.push({ vector: name, field: String(error.facts.field), error })
      }
    }
  }
  return refusals.length > 0 ? { refusals } : { vectors }
}

/** The vectors of either form, or undefined for anything else; both forms at once are refused. */
function vectorsOf(data: unknown): { name: string; input: unknown }[] | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined
  const { input, vectors } = data as { input?: unknown; vectors?: unknown }
  if ((input === undefined) === (vectors === undefined)) return undefined
  if (input !== undefined) return [{ name: 'input', input }]
  if (!Array.isArray(vectors)) return undefined
  const named = vectors.map((vector) =>
    typeof vector === 'object' && vector !== null && typeof vector.name === 'string'
      ? { name: vector.name as string, input: vector.input as unknown }
      : undefined,
  )
  return named.every((vector) => vector !== undefined) ? named : undefined
}

function refuse(
  refusals: readonly Refusal[],
  json: boolean,
  out: (text: string) => void,
  err: (text: string) => void,
): number {
  if (json) {
    const errors = refusals.map(({ vector, field, error }) => ({
      vector,
      field,
      code: error.code,
      message: error.message,
    }))
    out(`${JSON.stringify({ errors }, null, 2)}\n`)
  }
  for (const { vector, error } of refusals) err(`${vector === '' ? '' : `${vector}: `}${error.message}\n`)
  return 2
}
