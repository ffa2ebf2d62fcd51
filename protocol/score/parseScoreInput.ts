import type { AssayError } from '../assayError.ts'
import { protoError } from '../protoErrors.ts'
import type { ScoreField, ScoreInput } from './scoreInput.ts'

type FieldRule =
  | { readonly kind: 'integer'; readonly most: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'enum'; readonly values: readonly string[] }

const count: FieldRule = { kind: 'integer', most: 10_000_000 }
const days: FieldRule = { kind: 'integer', most: 36_500 }
const share: FieldRule = { kind: 'integer', most: 10_000 }
const flag: FieldRule = { kind: 'boolean' }

/** Range of every field; all start at 0. */
export const SCORE_FIELDS: Readonly<Record<ScoreField, FieldRule>> = {
  assurance: { kind: 'integer', most: 5 },
  hbExpected: count,
  hbValid: count,
  hbExcused: count,
  hoursSinceHb: { kind: 'integer', most: 1_000_000 },
  cls: { kind: 'enum', values: ['dc', 'consumer'] },
  ageDays: days,
  ueUnmit90: count,
  ueUnmit365: count,
  ueMit90: count,
  remaps: count,
  remapPending: flag,
  remapFail: flag,
  xid79_90: count,
  nvlink30: count,
  gsp30: count,
  sramThreshold: flag,
  hotBp: share,
  slowBp: share,
  perfBp: { kind: 'integer', most: 20_000 },
  perfAgeDays: days,
  utilBp: share,
  incomeVerified: flag,
  loc: { kind: 'enum', values: ['IN', 'SUSPECT', 'OUT'] },
  locAgeDays: days,
  monthsSinceLaunch: { kind: 'integer', most: 1200 },
  identityConflict: flag,
}

/**
 * Score inputs from untrusted data. Every field must be there, null meaning never measured; nothing is coerced.
 * `unsupported` may be missing and is returned sorted. All errors (PROTO_INPUT, one per field) are collected.
 */
export function parseScoreInput(
  value: unknown,
): { readonly input: ScoreInput } | { readonly errors: readonly AssayError[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { errors: [refuse('input', value, 'an object with the fields of CHS-1')] }
  }
  const given = value as Record<string, unknown>
  const errors: AssayError[] = []
  const input: Record<string, unknown> = {}
  for (const [field, rule] of Object.entries(SCORE_FIELDS)) {
    if (!Object.hasOwn(given, field)) {
      errors.push(refuse(field, undefined, `${wanted(rule)}, or null when it was never measured`))
    } else if (!fits(rule, given[field])) {
      errors.push(refuse(field, given[field], `${wanted(rule)}, or null when it was never measured`))
    } else input[field] = given[field]
  }
  input.unsupported = unsupportedOf(given, errors)
  for (const field of Object.keys(given)) {
    if (field !== 'unsupported' && !Object.hasOwn(SCORE_FIELDS, field)) {
      errors.push(refuse(field, given[field], 'no such field'))
    }
  }
  const { hbExpected, hbValid } = input
  if (typeof hbExpected === 'number' && typeof hbValid === 'number' && hbValid > hbExpected) {
    errors.push(refuse('hbValid', hbValid, `at most hbExpected (${hbExpected})`))
  }
  return errors.length > 0 ? { errors } : { input: input as unknown as ScoreInput }
}

function unsupportedOf(given: Record<string, unknown>, errors: AssayError[]): string[] {
  const list = Object.hasOwn(given, 'unsupported') ? given.unsupported : []
  if (!Array.isArray(list)) {
    errors.push(refuse('unsupported', list, 'a list of field names'))
    return []
  }
  for (const name of list) {
    const known = typeof name === 'string' && Object.hasOwn(SCORE_FIELDS, name)
    if (!known || given[name] !== null) {
      errors.push(refuse('unsupported', name, 'names of fields that are null'))
    }
  }
  return [...new Set(list.map(String))].sort()
}

function fits(rule: FieldRule, value: unknown): boolean {
  if (value === null) return true
  if (rule.kind === 'boolean') return typeof value === 'boolean'
  if (rule.kind === 'enum') return typeof value === 'string' && rule.values.includes(value)
  return (
    typeof value === 'number' &&
    Number.isSafeInteger(value) &&
    !Object.is(value, -0) &&
    value >= 0 &&
    value <= rule.most
  )
}

function wanted(rule: FieldRule): string {
  if (rule.kind === 'boolean') return 'true or false'
  if (rule.kind === 'enum') return rule.values.join(' or ')
  return `a whole number from 0 to ${rule.most}`
}

function refuse(field: string, found: unknown, wantedText: string): AssayError {
  return protoError('PROTO_INPUT', { field, found: shown(found), wanted: wantedText })
}

function shown(found: unknown): string {
  if (found === undefined) return 'nothing'
  if (Object.is(found, -0)) return '-0'
  if (Array.isArray(found)) return 'a list'
  if (typeof found === 'object' && found !== null) return 'an object'
  return typeof found === 'string' ? JSON.stringify(found.slice(0, 60)) : String(found)
}
