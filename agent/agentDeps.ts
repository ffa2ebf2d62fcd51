import pino, { type Logger } from 'pino'
import { openSource } from '#probes/openSource'
import type { Probe } from '#probes/probe'
import type { AgentSettings } from './agentSettings.ts'
import { type Clock, hostClock } from './clock.ts'
import { nodeSpoolFs, type SpoolFs } from './spool/spoolFs.ts'

/** What an agent takes from outside; tests put their own behind it. */
export type AgentDeps = {
  readonly openProbe: () => Probe
  readonly clock: Clock
  readonly log: Logger
  /** 0 to 1, for the jitter of reconnects. */
  readonly random: () => number
  readonly spoolFs: SpoolFs
}

/** The real ones. */
export function defaultDeps(settings: AgentSettings): AgentDeps {
  const recording = settings['source.defaultRecording']
  return {
    openProbe: () =>
      openSource(settings['source.kind'], {
        ...(recording === null ? {} : { recording }),
        nvml: { deadlineMs: settings['source.watchdogDeadline'] },
      }),
    clock: hostClock,
    log: pino({ level: settings['log.level'] }, pino.destination({ dest: 2, sync: true })),
    random: Math.random,
    spoolFs: nodeSpoolFs,
  }
}
