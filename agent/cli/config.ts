import { printSettings, showSettings } from '#protocol/settings/printSettings'
import { formatIssue } from '#protocol/settings/readSettings'
import { sampleFile } from '#protocol/settings/sampleFile'
import { AGENT_SETTINGS } from '../agentSettings.ts'
import { readAgentConfig } from '../config.ts'
import { complain, EXIT, exitCodeOf } from './exitCodes.ts'

/** Which configuration: null is environment and defaults only. */
export type ConfigOptions = { readonly config?: string | null; readonly json?: boolean }

/** `assay config print`: the effective settings with their origins, secrets masked. Answers the exit code. */
export async function configPrint(options: ConfigOptions): Promise<number> {
  return withConfig(options, (read, file) => {
    const text = options.json
      ? `${JSON.stringify(showSettings(AGENT_SETTINGS, read, file), null, 2)}\n`
      : printSettings(AGENT_SETTINGS, read, file)
    process.stdout.write(text)
  })
}

/** `assay config check`: every fault with its place, or one line that all is well. Answers the exit code. */
export async function configCheck(options: ConfigOptions): Promise<number> {
  return withConfig(options, (_, file) => {
    process.stdout.write(`${file}: ok\n`)
  })
}

/** `assay config sample`: the commented sample file. Answers the exit code. */
export async function configSample(): Promise<number> {
  process.stdout.write(sampleFile(AGENT_SETTINGS))
  return EXIT.ok
}

function withConfig(
  { config = null }: ConfigOptions,
  use: (read: ReturnType<typeof readAgentConfig>, file: string) => void,
): number {
  try {
    const file = config ?? 'environment'
    const read = readAgentConfig(config, process.env)
    if (read.values === null) {
      process.stderr.write(`${read.issues.map(formatIssue).join('\n')}\n`)
      return EXIT.config
    }
    use(read, file)
    return EXIT.ok
  } catch (error) {
    complain(error)
    return exitCodeOf(error)
  }
}
