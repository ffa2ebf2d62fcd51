import {
  ABSENT,
  type Cell,
  errorCell,
  FORBIDDEN,
  type TextCell,
  textCell,
  UNSUPPORTED,
  valueCell,
} from '#protocol/wire/cell'
import { PROBE_CODES } from '../probeCodes.ts'

type NoValue = Exclude<Cell, { presence: 'value' }>

/** NVML codes behind the words that nvidia-smi prints for them. */
const WORDS: Readonly<Record<string, NoValue>> = {
  'n/a': UNSUPPORTED,
  'not supported': UNSUPPORTED,
  'requested functionality has been deprecated': UNSUPPORTED,
  'function not found': UNSUPPORTED,
  'insufficient permissions': FORBIDDEN,
  'no data': ABSENT,
  'not found': ABSENT,
  'gpu is lost': errorCell(15),
  'gpu requires reset': errorCell(16),
  'reset required': errorCell(16),
  'unknown error': errorCell(999),
  'err!': errorCell(999),
}

const MALFORMED = errorCell(PROBE_CODES.malformed)

/** Why a text of nvidia-smi is no value, or null when it may be one. A missing element is absent. */
export function noValue(text: string | undefined): NoValue | null {
  if (text === undefined || text === '') return ABSENT
  return WORDS[text.toLowerCase().replace(/^\[(.*)\]$/, '$1')] ?? null
}

/** Text of an element as a text cell. */
export function smiWords(text: string | undefined): TextCell {
  return noValue(text) ?? textCell(text ?? '')
}

/**
 * A number with the unit it must have (`''` for none), times `scale`. Another unit or anything else is malformed: the
 * meaning of a number is never guessed.
 */
export function smiNumber(text: string | undefined, unit: string, scale = 1): Cell {
  const none = noValue(text)
  if (none !== null) return none
  const match = /^(-?\d+(?:\.\d+)?)\s*([^\d\s].*)?$/.exec(text ?? '')
  if (match === null || (match[2] ?? '') !== unit) return MALFORMED
  return valueCell(Math.round(Number(match[1]) * scale))
}

/** A word out of a closed list, as its number. */
export function smiChoice(text: string | undefined, choices: Readonly<Record<string, number>>): Cell {
  const known = text === undefined ? undefined : choices[text.toLowerCase()]
  if (known !== undefined) return valueCell(known)
  return noValue(text) ?? MALFORMED
}
