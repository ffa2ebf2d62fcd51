import type { SettingsRead } from './readSettings.ts'
import type { Setting, SettingRecords, SettingsSchema } from './settingsSchema.ts'

/** One effective setting for machines (`config print --json`); a sensitive value is masked. */
export type ShownSetting = { readonly path: string; readonly value: string; readonly origin: string }

/** Effective settings, each with its origin: `default`, `file:line:column`, or the environment variable. */
export function showSettings<S extends SettingRecords>(
  schema: SettingsSchema<S>,
  read: SettingsRead<S>,
  file: string,
): readonly ShownSetting[] {
  return Object.keys(schema.settings).map((path) => {
    const origin = read.origins[path]
    return {
      path,
      value: shown(schema.settings[path] as Setting<unknown>, read.values?.[path]),
      origin:
        origin?.from === 'file'
          ? `${file}:${origin.line}:${origin.column}`
          : origin?.from === 'env'
            ? `env ${origin.name}`
            : 'default',
    }
  })
}

/** The same as YAML that can be read back (masked values aside), the origin behind every value. */
export function printSettings<S extends SettingRecords>(
  schema: SettingsSchema<S>,
  read: SettingsRead<S>,
  file: string,
): string {
  const lines = [`version: ${schema.version}`]
  let open: readonly string[] = []
  for (const { path, value, origin } of showSettings(schema, read, file)) {
    const parts = path.split('.')
    const section = parts.slice(0, -1)
    section.forEach((part, depth) => {
      if (open[depth] !== part || open.slice(0, depth).join() !== section.slice(0, depth).join())
        lines.push(`${'  '.repeat(depth)}${part}:`)
    })
    open = section
    lines.push(`${'  '.repeat(section.length)}${parts.at(-1)}: ${value}  # ${origin}`)
  }
  return `${lines.join('\n')}\n`
}

function shown(setting: Setting<unknown>, value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (setting.sensitive) return '"*** (set, not shown)"'
  return (setting.type.mask ?? setting.type.show)(value)
}
