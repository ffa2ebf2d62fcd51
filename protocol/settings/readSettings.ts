import { nearest } from './nearest.ts'
import { readYaml, type YamlLeaf } from './readYaml.ts'
import type { SettingsIssue } from './settingsIssue.ts'
import { envNameOf, type SettingRecords, type SettingsSchema, type SettingValues } from './settingsSchema.ts'
import type { RawValue, SettingType } from './settingType.ts'

/** Where an effective value came from. */
export type SettingOrigin =
  | { readonly from: 'default' }
  | { readonly from: 'file'; readonly line: number; readonly column: number }
  | { readonly from: 'env'; readonly name: string }

/** All inputs of reading; nothing else is looked at. */
export type SettingsInput = {
  /** Name of the file as shown in errors. */
  readonly file: string
  /** Text of the file, or null when there is none (defaults and environment only). */
  readonly text: string | null
  readonly env: Readonly<Record<string, string | undefined>>
  /** Turns a relative path setting into an absolute one; left as written when omitted. */
  readonly resolvePath?: (path: string, origin: SettingOrigin) => string
}

/** What was read. `values` is null exactly when there are issues. */
export type SettingsRead<S extends SettingRecords> = {
  readonly values: SettingValues<S> | null
  readonly origins: Readonly<Record<string, SettingOrigin>>
  readonly issues: readonly SettingsIssue[]
}

/**
 * Reads settings: environment over file over default. Never throws on bad input: every fault becomes an issue with its
 * position, what was found, what was wanted and how to mend it; all faults are told at once.
 */
export function readSettings<S extends SettingRecords>(
  schema: SettingsSchema<S>,
  input: SettingsInput,
): SettingsRead<S> {
  const paths = Object.keys(schema.settings)
  const yaml = readYaml(input.file, input.text, paths, schema.version)
  const issues: SettingsIssue[] = [...yaml.issues]
  const values: Record<string, unknown> = {}
  const origins: Record<string, SettingOrigin> = {}
  const places = new Map<string, string>()

  for (const path of paths) {
    const { type, default: fallback, sensitive } = schema.settings[path] as S[string]
    const name = envNameOf(schema.envPrefix, path)
    const fromEnv = input.env[name]
    const leaf = yaml.leaves.get(path)
    const origin = originOf(name, fromEnv, leaf)
    const place =
      fromEnv !== undefined ? name : leaf ? `${input.file}:${leaf.line}:${leaf.column}` : input.file
    origins[path] = origin
    places.set(path, place)
    const value =
      fromEnv !== undefined
        ? type.fromText(fromEnv)
        : leaf && !(leaf.raw === null && fallback === null)
          ? type.fromYaml(leaf.raw)
          : fallback
    if (value === undefined) {
      const raw = fromEnv ?? leaf?.raw
      const found = raw === undefined ? 'nothing' : sensitive ? 'a hidden value' : showRaw(raw, type)
      issues.push({ place, path, found, wanted: type.wanted, mend: mendOf(path, name, raw, origin) })
    } else {
      values[path] = resolved(type, value, origin, input)
    }
  }
  issues.push(...unknownVariables(schema, paths, input))
  if (issues.length === 0 && schema.check) {
    for (const complaint of schema.check(values as SettingValues<S>))
      issues.push({ place: places.get(complaint.path) ?? input.file, ...complaint })
  }
  return { values: issues.length === 0 ? (values as SettingValues<S>) : null, origins, issues }
}

/** One issue as one line: `agent.config.yaml:4:3: mqtt.url: found …, wanted …. …` */
export function formatIssue(issue: SettingsIssue): string {
  return `${issue.place}: ${issue.path}: found ${issue.found}, wanted ${issue.wanted}. ${issue.mend}`
}

function originOf(name: string, fromEnv: string | undefined, leaf: YamlLeaf | undefined): SettingOrigin {
  if (fromEnv !== undefined) return { from: 'env', name }
  return leaf ? { from: 'file', line: leaf.line, column: leaf.column } : { from: 'default' }
}

function resolved(
  type: SettingType<unknown>,
  value: unknown,
  origin: SettingOrigin,
  input: SettingsInput,
): unknown {
  const { resolvePath } = input
  if (!type.isPath || !resolvePath || value === null) return value
  return Array.isArray(value)
    ? value.map((item: string) => resolvePath(item, origin))
    : resolvePath(value as string, origin)
}

function mendOf(path: string, name: string, raw: unknown, origin: SettingOrigin): string {
  if (raw === undefined) return `Set ${path} in the file or ${name} in the environment.`
  if (origin.from === 'env') return `Correct ${name} or remove it.`
  if (raw === null) return 'Give it a value or remove the line.'
  return 'Correct the value or remove the line to use the default.'
}

function unknownVariables<S extends SettingRecords>(
  schema: SettingsSchema<S>,
  paths: readonly string[],
  input: SettingsInput,
): SettingsIssue[] {
  const known = new Set(paths.map((path) => envNameOf(schema.envPrefix, path)))
  return Object.keys(input.env)
    .filter((name) => name.startsWith(`${schema.envPrefix}_`) && !known.has(name))
    .map((name) => {
      const near = nearest(name, known)
      return {
        place: name,
        path: 'environment',
        found: `the unknown variable ${name}`,
        wanted: `the name of a setting after ${schema.envPrefix}_`,
        mend: near ? `Did you mean ${near}?` : 'Remove it.',
      }
    })
}

function showRaw(raw: RawValue, type: SettingType<unknown>): string {
  if (raw === null) return 'null'
  if (Array.isArray(raw)) return `a list of ${raw.length}`
  const shown = String(raw)
  // A wrong URL may still hold a password.
  if (type.mask && shown.includes('@')) return 'a text with an @, not shown'
  return typeof raw === 'string' ? `text "${shown.slice(0, 80)}"` : `${typeof raw} ${shown}`
}
