import { join } from 'node:path'
import pino from 'pino'
import { readSettings } from '#protocol/settings/readSettings'
import { type Agent, createAgent } from '../../../agent/agent.ts'
import type { AgentDeps } from '../../../agent/agentDeps.ts'
import { AGENT_SETTINGS, type AgentSettings } from '../../../agent/agentSettings.ts'
import type { FakeFeed } from './fakeFeed.ts'
import type { FakeProbe } from './fakeProbe.ts'

/** Settings for a test: quick periods, everything under one directory. */
export function testSettings(
  directory: string,
  feed: FakeFeed | null,
  changes: Partial<AgentSettings> = {},
): AgentSettings {
  const { values, issues } = readSettings(AGENT_SETTINGS, { file: 'test', text: null, env: {} })
  if (!values) throw new Error(JSON.stringify(issues))
  return {
    ...values,
    'state.directory': join(directory, 'state'),
    'source.samplePeriod': 100,
    'source.batchPeriod': 100,
    'metrics.listen': 'off',
    'mqtt.reconnectMax': 100,
    'mqtt.resendAfter': 500,
    'roster.requestTimeout': 1000,
    ...(feed
      ? {
          'roster.nodes': feed.nodes.map((node) => node.url),
          'roster.fingerprint': feed.fingerprint,
          'mqtt.url': feed.brokerUrl,
        }
      : {}),
    ...changes,
  }
}

/**
 * An agent over a fake probe; logs go where `ASSAY_TEST_LOG` says, else nowhere. It is stopped when the test ends, also
 * when that fails.
 */
export function testAgent(
  t: { teardown(undo: () => Promise<void>): void },
  settings: AgentSettings,
  probe: FakeProbe,
  deps: Partial<AgentDeps> = {},
): Agent {
  const level = process.env.ASSAY_TEST_LOG ?? 'silent'
  const agent = createAgent(settings, {
    openProbe: () => probe,
    log: pino({ level }, pino.destination({ dest: 2, sync: true })),
    ...deps,
  })
  t.teardown(() => agent.stop())
  return agent
}
