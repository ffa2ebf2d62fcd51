import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml'
import { nearest } from './nearest.ts'
import type { SettingsIssue } from './settingsIssue.ts'
import type { RawValue } from './settingType.ts'

/** One value of the file and where it stands (1-based). */
export type YamlLeaf = { readonly raw: RawValue; readonly line: number; readonly column: number }

/** The values of a file by dotted path, and what is wrong with its form. */
export type YamlRead = {
  readonly leaves: ReadonlyMap<string, YamlLeaf>
  readonly issues: readonly SettingsIssue[]
}

/**
 * Reads YAML 1.2 into leaves of known paths. Syntax faults, duplicate keys, unknown keys, sections that hold no map and
 * a missing or foreign `version` are issues. Anchors and aliases work; tags and merge keys are refused.
 */
export function readYaml(
  file: string,
  text: string | null,
  paths: readonly string[],
  version: number,
): YamlRead {
  const leaves = new Map<string, YamlLeaf>()
  const issues: SettingsIssue[] = []
  if (text === null) return { leaves, issues }
  const lines = new LineCounter()
  const doc = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, merge: false })
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const complain = (offset: number, path: string, found: string, wanted: string, mend: string) => {
    const { line, column } = at(offset)
    issues.push({ place: `${file}:${line}:${column}`, path, found, wanted, mend })
  }
  for (const error of [...doc.errors, ...doc.warnings]) {
    if (error.code === 'DUPLICATE_KEY')
      complain(error.pos[0], 'YAML', 'the same key twice', 'every key once', 'Remove one of the two lines.')
    else
      complain(error.pos[0], 'YAML', error.message, 'YAML 1.2', 'Correct the line; indent with spaces only.')
  }
  const sections = sectionsOf(paths)
  if (isMap(doc.contents)) {
    checkVersion(doc.contents)
    walk(doc.contents, '')
  } else if (issues.length === 0) {
    complain(doc.contents?.range?.[0] ?? 0, 'file', 'no settings', 'a map of settings', versionHint(version))
  }
  return { leaves, issues }

  function checkVersion(root: YAMLMap): void {
    const node = root.get('version', true)
    if (isScalar(node) && node.value === version) return
    const found = isScalar(node) ? `${node.value}` : 'nothing'
    const mend = isScalar(node)
      ? 'Use the file of this release, see the sample, and carry your values over.'
      : versionHint(version)
    complain(isScalar(node) ? (node.range?.[0] ?? 0) : 0, 'version', found, `${version}`, mend)
  }

  function walk(map: YAMLMap, prefix: string): void {
    for (const { key, value } of map.items) {
      const node = key as Node
      const offset = node.range?.[0] ?? 0
      const name = isScalar(node) ? String(node.value) : '(not a name)'
      const path = prefix === '' ? name : `${prefix}.${name}`
      if (path === 'version') continue
      if (sections.has(path)) section(value as Node | null, path, offset)
      else if (paths.includes(path)) leaf(value as Node | null, path, offset)
      else unknown(path, name, prefix, offset)
    }
  }

  function section(value: Node | null, path: string, offset: number): void {
    const node = isAlias(value) ? value.resolve(doc) : value
    if (isMap(node)) walk(node, path)
    else if (node && !(isScalar(node) && node.value === null))
      complain(offset, path, 'a single value', 'a section of settings', 'Indent its settings below it.')
  }

  function leaf(value: Node | null, path: string, offset: number): void {
    const { line, column } = at(value?.range?.[0] ?? offset)
    const raw = plain(value)
    if (raw === undefined)
      complain(offset, path, 'a map', 'a single value or a list', 'Remove the lines indented below it.')
    else leaves.set(path, { raw, line, column })
  }

  function plain(value: unknown): RawValue | undefined {
    const node = isAlias(value) ? value.resolve(doc) : value
    if (node === null || node === undefined) return null
    if (isScalar(node)) return node.value as RawValue
    if (!isSeq(node)) return undefined
    const items = node.items.map(plain)
    return items.every((item) => item !== undefined) ? (items as RawValue[]) : undefined
  }

  function unknown(path: string, name: string, prefix: string, offset: number): void {
    const all = [...paths, ...sections]
    const siblings = all
      .filter((each) => each.startsWith(prefix === '' ? '' : `${prefix}.`))
      .map((each) => each.slice(prefix === '' ? 0 : prefix.length + 1).split('.')[0] as string)
    const near = nearest(name, new Set(siblings)) ?? elsewhere(name, all)
    const mend = near ? `Did you mean ${near}?` : 'Remove it; `assay config print` lists every setting.'
    complain(offset, path, `the unknown key ${name}`, 'a key that this release knows', mend)
  }
}

/** A right name in the wrong section. */
function elsewhere(name: string, all: readonly string[]): string | undefined {
  return all.find((path) => path.split('.').at(-1) === name)
}

function sectionsOf(paths: readonly string[]): Set<string> {
  const sections = new Set<string>()
  for (const path of paths) {
    const parts = path.split('.')
    for (let i = 1; i < parts.length; i++) sections.add(parts.slice(0, i).join('.'))
  }
  return sections
}

function versionHint(version: number): string {
  return `Begin the file with the line "version: ${version}".`
}
