import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { formatIssue, readSettings, type SettingsRead } from '#protocol/settings/readSettings'
import { agentError } from './agentErrors.ts'
import { AGENT_SETTINGS, type AgentSettings } from './agentSettings.ts'

/** What was read of a configuration file, faults included. */
export type AgentConfigRead = SettingsRead<typeof AGENT_SETTINGS.settings>

/**
 * Reads `agent.config.yaml` and the environment; null as `file` means environment and defaults only. Relative paths are
 * taken from the directory of the file they stand in, those of the environment from the working directory.
 * @throws AssayError AGENT_CONFIG_FILE when the file cannot be read
 */
export function readAgentConfig(
  file: string | null,
  env: Readonly<Record<string, string | undefined>>,
): AgentConfigRead {
  let text: string | null = null
  if (file !== null) {
    try {
      text = readFileSync(file, 'utf8')
    } catch (cause) {
      throw agentError('AGENT_CONFIG_FILE', { file, found: (cause as NodeJS.ErrnoException).code }, cause)
    }
  }
  return readSettings(AGENT_SETTINGS, {
    file: file ?? 'environment',
    text,
    env,
    resolvePath: (path, origin) =>
      origin.from === 'file' && file !== null ? resolve(dirname(file), path) : resolve(path),
  })
}

/**
 * The effective settings.
 * @throws AssayError AGENT_CONFIG with one line per fault, or AGENT_CONFIG_FILE
 */
export function agentConfig(
  file: string | null,
  env: Readonly<Record<string, string | undefined>>,
): AgentSettings {
  const { values, issues } = readAgentConfig(file, env)
  if (values === null)
    throw agentError('AGENT_CONFIG', { faults: `\n  ${issues.map(formatIssue).join('\n  ')}\n` })
  return values
}
