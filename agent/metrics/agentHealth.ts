import type { Counters } from '#protocol/wire/header'
import type { Health } from './metricsServer.ts'

/** What health is judged by. Times in milliseconds. */
export type HealthFacts = {
  readonly sinceSampleMs: number
  readonly samplePeriodMs: number
  readonly sourceFault: unknown
  readonly isSpoolBroken: boolean
  readonly counters: Counters
  readonly isConnected: boolean
}

/**
 * Healthy = the last good reading is younger than three periods (at least three seconds), the spool takes entries, and
 * the conservation law holds. A missing broker is told but is no fault of the agent: it spools.
 */
export function agentHealth(facts: HealthFacts): Health {
  const { produced, acked, spooled, dropped } = facts.counters
  const remainder = produced - acked - spooled - dropped.reduce((sum, each) => sum + each.count, 0)
  const isFresh = facts.sinceSampleMs <= Math.max(3 * facts.samplePeriodMs, 3000)
  const cause = facts.sourceFault instanceof Error ? `: ${facts.sourceFault.message}` : ''
  const age = Number.isFinite(facts.sinceSampleMs)
    ? `last reading ${Math.round(facts.sinceSampleMs)} ms ago`
    : 'no reading yet'
  return {
    isHealthy: isFresh && !facts.isSpoolBroken && remainder === 0,
    parts: {
      source: isFresh ? true : `${age}${cause}`,
      spool: facts.isSpoolBroken ? 'the last entry could not be kept' : true,
      conservation: remainder === 0 ? true : `remainder ${remainder}`,
      broker: facts.isConnected ? true : 'not connected, spooling',
    },
  }
}
