import { toHex } from '#protocol/bytes'
import { encodeRoster } from '#protocol/wire/roster'
import { defaultDeps } from '../agentDeps.ts'
import { agentError } from '../agentErrors.ts'
import type { AgentSettings } from '../agentSettings.ts'
import { agentConfig } from '../config.ts'
import { postEnrolment, signEnrolment } from '../enrol/enrolment.ts'
import { readInventory } from '../enrol/inventory.ts'
import { readToken } from '../enrol/readToken.ts'
import { fetchRoster, keepRoster } from '../enrol/rosterSource.ts'
import { openAgentKey } from '../keys/agentKey.ts'
import { createDeviceRegistry, type DeviceRegistry } from '../keys/deviceRegistry.ts'
import { lockStateDirectory, prepareStateDirectory, statePaths } from '../keys/stateDirectory.ts'
import { createProbeSupervisor } from '../sampler/probeSupervisor.ts'
import { complain, EXIT, exitCodeOf } from './exitCodes.ts'

/** `tokenFile` wins over `enrol.tokenFile`; `-` is standard input. */
export type EnrollOptions = {
  readonly config?: string | null
  readonly tokenFile?: string
  readonly json?: boolean
}

/** How one node answered; `failed` has its reason. */
type NodeAnswer = { readonly url: string; readonly state: string; readonly error?: string }

/** What the command did, as `--json` prints it. */
type EnrollReport = {
  readonly agentId: string
  readonly level: 'L0'
  readonly feedId: string
  readonly roster: { readonly fingerprint: string; readonly pinnedBy: string }
  readonly source: string
  readonly devices: readonly { assetId: string; model: string; identityQuality: string }[]
  readonly nodes: readonly NodeAnswer[]
}

const READ_DEADLINE_MS = 30_000

/**
 * `assay agent enroll`: makes the key if there is none, reads the devices once, enrols all of them, and gives the signed
 * statement to every node. Answers the exit code: 0 when every node took it, 1 when one refused, 75 when one could not
 * be reached.
 */
export async function agentEnroll(options: EnrollOptions): Promise<number> {
  try {
    const settings = agentConfig(options.config ?? null, process.env)
    const token = await readToken(options.tokenFile ?? settings['enrol.tokenFile'])
    const report = await enroll(settings, token)
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : formatReport(report))
    if (report.nodes.some((node) => node.error?.startsWith('AGENT_ENROL_REFUSED'))) return EXIT.failed
    return report.nodes.some((node) => node.error !== undefined) ? EXIT.temporary : EXIT.ok
  } catch (error) {
    complain(error)
    return exitCodeOf(error)
  }
}

async function enroll(settings: AgentSettings, token: string | null): Promise<EnrollReport> {
  const paths = statePaths(settings['state.directory'])
  await prepareStateDirectory(paths.directory)
  const lock = await lockStateDirectory(paths.directory)
  try {
    const timeoutMs = settings['roster.requestTimeout']
    const rosterOptions = {
      nodes: settings['roster.nodes'],
      fingerprint: settings['roster.fingerprint'],
      timeoutMs,
      cacheFile: paths.roster,
    }
    const pinned = await fetchRoster(rosterOptions)
    const key = await openAgentKey(paths.key)
    const registry = createDeviceRegistry(paths.devices)
    await registry.load()
    const source = await readDevices(settings, registry)
    const assets = registry.assets().filter((asset) => asset.isEnrolled)
    if (assets.length === 0) throw agentError('AGENT_ENROL_NO_DEVICE', { source })
    await registry.save()
    const statement = await signEnrolment({
      feedId: pinned.roster.feedId,
      signer: key.signer,
      source,
      enrolledAtMs: Date.now(),
      assets,
      inventory: await readInventory(),
    })
    await keepRoster(rosterOptions, encodeRoster(pinned.roster))
    return {
      agentId: key.agentIdHex,
      level: 'L0',
      feedId: toHex(pinned.roster.feedId),
      roster: { fingerprint: pinned.fingerprint, pinnedBy: pinned.pinnedBy },
      source,
      devices: assets.map(({ assetIdHex, model, identityQuality }) => ({
        assetId: assetIdHex,
        model,
        identityQuality,
      })),
      nodes: await Promise.all(
        pinned.roster.nodes.map((node) => give(node.url, statement, token, timeoutMs)),
      ),
    }
  } finally {
    await lock.release()
  }
}

/** Reads the devices once and enrols all that answer; answers the name of the source. */
async function readDevices(settings: AgentSettings, registry: DeviceRegistry): Promise<string> {
  const { openProbe, clock } = defaultDeps(settings)
  let fault: unknown = null
  const supervisor = createProbeSupervisor({
    open: openProbe,
    clock,
    deadlineMs: READ_DEADLINE_MS,
    onEvent: () => {},
    onFault: (error) => {
      fault = error
    },
  })
  try {
    const sample = (await supervisor.start()) ? await supervisor.sample() : null
    if (!sample?.snapshot) throw fault
    registry.assign(sample.snapshot)
    registry.enrolAll()
    return supervisor.name()
  } finally {
    await supervisor.stop()
  }
}

async function give(
  url: string,
  statement: Uint8Array,
  token: string | null,
  timeoutMs: number,
): Promise<NodeAnswer> {
  try {
    const { state } = await postEnrolment({ url }, statement, token, timeoutMs)
    return { url, state }
  } catch (error) {
    return { url, state: 'failed', error: (error as Error).message }
  }
}

function formatReport(report: EnrollReport): string {
  const lines = [
    `agent   ${report.agentId} (level ${report.level}: key in a file, self-reported)`,
    `roster  ${report.roster.fingerprint} (pinned by ${report.roster.pinnedBy})`,
    `source  ${report.source}`,
    ...report.devices.map(
      (each) => `device  ${each.assetId} ${each.model}, identity ${each.identityQuality}`,
    ),
    ...report.nodes.map((each) => `node    ${each.url}: ${each.error ?? each.state}`),
  ]
  return `${lines.join('\n')}\n`
}
