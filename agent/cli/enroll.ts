import { toHex } from '#protocol/bytes'
import { encodeRoster } from '#protocol/wire/roster'
import { defaultDeps } from '../agentDeps.ts'
import { agentError } from '../agentErrors.ts'
import { agentConfig } from '../config.ts'
import { postEnrolment, signEnrolment } from '../enrol/enrolment.ts'
import { readInventory } from '../enrol/inventory.ts'
import { readToken } from '../enrol/readToken.ts'
import { fetchRoster, keepRoster } from '../enrol/rosterSource.ts'
import { openAgentKey } from '../keys/agentKey.ts'
import { createDeviceRegistry } from '../keys/deviceRegistry.ts'
import { lockStateDirectory, prepareStateDirectory, statePaths } from '../keys/stateDirectory.ts'
import { createProbeSupervisor } from '../sampler/probeSupervisor.ts'
import { complain, EXIT, exitCodeOf } from './exitCodes.ts'

/** `tokenFile` wins over `enrol.tokenFile`; `-` is standard input. */
export type EnrollOptions = {
  readonly config: string | null
  readonly tokenFile?: string
  readonly json?: boolean
}

/** How one node answered. */
type NodeAnswer = { readonly url: string; readonly state: string; readonly error?: string }

/**
 * `assay agent enroll`: makes the key if there is none, reads the devices once, enrols all of them, and gives the signed
 * statement to every node. Answers the exit code: 0 when every node took it, 75 when some could not be reached.
 */
export async function agentEnroll(options: EnrollOptions): Promise<number> {
  try {
    const settings = agentConfig(options.config, process.env)
    const token = await readToken(options.tokenFile ?? settings['enrol.tokenFile'])
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
      const source = await readDevices()
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
      const answers = await Promise.all(
        pinned.roster.nodes.map((node) => give(node.url, statement, timeoutMs)),
      )
      await keepRoster(rosterOptions, encodeRoster(pinned.roster))
      const devices = assets.map((asset) => ({
        assetId: asset.assetIdHex,
        model: asset.model,
        identityQuality: asset.identityQuality,
      }))
      report({
        agentId: key.agentIdHex,
        level: 'L0',
        feedId: toHex(pinned.roster.feedId),
        roster: { fingerprint: pinned.fingerprint, pinnedBy: pinned.pinnedBy },
        source,
        devices,
        nodes: answers,
      })
      if (answers.every((answer) => answer.state !== 'failed')) return EXIT.ok
      return answers.some((answer) => answer.error?.startsWith('AGENT_ENROL_REFUSED'))
        ? EXIT.failed
        : EXIT.temporary

      async function readDevices(): Promise<string> {
        const deps = defaultDeps(settings)
        let fault: unknown = null
        const supervisor = createProbeSupervisor({
          open: deps.openProbe,
          clock: deps.clock,
          deadlineMs: 30_000,
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
    } finally {
      await lock.release()
    }

    async function give(url: string, statement: Uint8Array, timeoutMs: number): Promise<NodeAnswer> {
      try {
        const { state } = await postEnrolment({ url }, statement, token, timeoutMs)
        return { url, state }
      } catch (error) {
        return { url, state: 'failed', error: (error as Error).message }
      }
    }
  } catch (error) {
    complain(error)
    return exitCodeOf(error)
  }

  function report(result: {
    readonly agentId: string
    readonly level: string
    readonly feedId: string
    readonly roster: { readonly fingerprint: string; readonly pinnedBy: string }
    readonly source: string
    readonly devices: readonly { assetId: string; model: string; identityQuality: string }[]
    readonly nodes: readonly NodeAnswer[]
  }): void {
    if (options.json) {
      process.stdout.write(`${JSON.stringify(result)}\n`)
      return
    }
    const lines = [
      `agent   ${result.agentId} (level ${result.level}: key in a file, self-reported)`,
      `roster  ${result.roster.fingerprint} (pinned by ${result.roster.pinnedBy})`,
      `source  ${result.source}`,
      ...result.devices.map(
        (each) => `device  ${each.assetId} ${each.model}, identity ${each.identityQuality}`,
      ),
      ...result.nodes.map((each) => `node    ${each.url}: ${each.error ?? each.state}`),
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
  }
}
