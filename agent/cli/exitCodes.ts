/** Exit codes of the commands; those from 64 on are of sysexits.h. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  unavailable: 69,
  temporary: 75,
  permission: 77,
  config: 78,
} as const

/** The exit code that a coded error ends a command with. */
export function exitCodeOf(error: unknown): number {
  const { code } = error as { code?: string }
  if (code?.startsWith('AGENT_CONFIG')) return EXIT.config
  if (code === 'AGENT_KEY_PERMISSIONS' || code === 'AGENT_STATE_DIRECTORY') return EXIT.permission
  if (code === 'AGENT_STATE_LOCKED' || code?.startsWith('AGENT_NODE_')) return EXIT.temporary
  if (code?.startsWith('AGENT_PROBE_') || code?.startsWith('AGENT_ROSTER_')) return EXIT.unavailable
  return EXIT.failed
}

/** One line for people on standard error. */
export function complain(error: unknown): void {
  process.stderr.write(`assay: ${error instanceof Error ? error.message : String(error)}\n`)
}
