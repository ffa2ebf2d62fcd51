import { envNameOf, type Setting, type SettingRecords, type SettingsSchema } from './settingsSchema.ts'

const WIDTH = 100

/**
 * The commented sample of a configuration file: every setting with its meaning, range, default and environment name.
 * Settings with a default are commented out, so that an unchanged sample means "all defaults".
 */
export function sampleFile<S extends SettingRecords>(schema: SettingsSchema<S>): string {
  const lines = [
    `# ${schema.title}: configuration. Every setting can also be given in the environment, see the name in brackets.`,
    '# A line that is commented out shows the default.',
    `version: ${schema.version}`,
  ]
  let open = ''
  for (const [path, setting] of Object.entries(schema.settings) as [string, Setting<unknown>][]) {
    const parts = path.split('.')
    const section = parts.slice(0, -1).join('.')
    const indent = '  '.repeat(parts.length - 1)
    if (section !== open) {
      const depth = parts.length - 2
      lines.push('', ...comment('  '.repeat(Math.max(depth, 0)), schema.sections[section] ?? ''))
      if (section !== '') lines.push(...opened(section, open))
      open = section
    } else lines.push('')
    const env = envNameOf(schema.envPrefix, path)
    lines.push(...comment(indent, `${setting.about} Wanted: ${setting.type.wanted}. [${env}]`))
    const key = parts.at(-1) as string
    const value = setting.default
    if (value === undefined) lines.push(`${indent}${key}: ${setting.example ?? ''}`.trimEnd())
    else if (value === null) lines.push(`${indent}# ${key}: ${setting.example ?? ''}`.trimEnd())
    else lines.push(`${indent}# ${key}: ${setting.type.show(value)}`)
  }
  return `${lines.join('\n')}\n`
}

function opened(section: string, before: string): string[] {
  const parts = section.split('.')
  const old = before.split('.')
  const shared = parts.findIndex((part, i) => old[i] !== part)
  if (shared < 0) return []
  return parts.slice(shared).map((part, i) => `${'  '.repeat(shared + i)}${part}:`)
}

function comment(indent: string, text: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + word.length + 3 > WIDTH) {
      lines.push(`${indent}# ${line}`)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, `${indent}# ${line}`]
}
