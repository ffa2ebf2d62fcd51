import { createAgent } from '../agent.ts'
import { agentConfig } from '../config.ts'
import { complain, EXIT, exitCodeOf } from './exitCodes.ts'

/**
 * `assay agent run`: runs until SIGTERM or SIGINT and answers the exit code. One line on standard output when ready;
 * logs go to standard error. A second signal ends at once.
 */
export async function agentRun(options: { readonly config?: string | null }): Promise<number> {
  try {
    const settings = agentConfig(options.config ?? null, process.env)
    const agent = createAgent(settings)
    const asked = signalled()
    const started = await agent.start()
    process.stdout.write(
      `assay agent ready: ${started.agentId} boot ${started.boot}, source ${started.source}, ` +
        `${started.devices} devices, metrics ${started.metrics ?? 'off'}\n`,
    )
    await asked
    await agent.stop()
    return EXIT.ok
  } catch (error) {
    complain(error)
    return exitCodeOf(error)
  }
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false
    const ask = (): void => {
      if (isAsked) process.exit(EXIT.failed)
      isAsked = true
      resolve()
    }
    process.on('SIGTERM', ask)
    process.on('SIGINT', ask)
  })
}
