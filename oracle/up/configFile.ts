import { writeFileSync } from 'node:fs'
import { stringify } from 'yaml'

/** Writes settings given by dotted path as a configuration file of version 1, readable by its owner only. */
export function writeConfigFile(file: string, values: Readonly<Record<string, unknown>>): void {
  const tree: Record<string, unknown> = { version: 1 }
  for (const [path, value] of Object.entries(values)) {
    if (value === null || value === undefined) continue
    const keys = path.split('.')
    let at = tree
    for (const key of keys.slice(0, -1)) {
      at[key] ??= {}
      at = at[key] as Record<string, unknown>
    }
    at[keys.at(-1) as string] = value
  }
  writeFileSync(file, stringify(tree), { mode: 0o600 })
}
