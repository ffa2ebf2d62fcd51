import { envNameOf, type Setting, type SettingRecords, type SettingsSchema } from './settingsSchema.ts'

/** The reference table of a schema as Markdown: one row per setting. */
export function settingsTable<S extends SettingRecords>(schema: SettingsSchema<S>): string {
  const rows = (Object.entries(schema.settings) as [string, Setting<unknown>][]).map(([path, setting]) => {
    const value =
      setting.default === undefined
        ? 'must be set'
        : setting.default === null
          ? 'unset'
          : `\`${setting.type.show(setting.default)}\``
    const cells = [
      `\`${path}\``,
      setting.type.wanted,
      value,
      `\`${envNameOf(schema.envPrefix, path)}\``,
      setting.sensitive ? `${setting.about} Never shown.` : setting.about,
    ]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return [
    '| setting | accepts | default | environment | meaning |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
