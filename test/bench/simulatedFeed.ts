import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildNvmlSim, type NvmlSim, nvmlSimUnavailable } from '../fixtures/nvmlsim/buildNvmlSim.ts'
import { type ProcessFeed, startProcessFeed } from '../helpers/processFeed.ts'

/** The built agent, with chain, broker and three nodes in processes of their own. */
export type AgentFeed = { readonly feed: ProcessFeed; stop(): Promise<void> }

/** The same over the NVML simulator with 8 H200. */
export type SimulatedFeed = AgentFeed & { readonly sim: NvmlSim }

/** Long against a measurement, as in production, so that few epoch notices fall into it. */
const EPOCH_S = 60

/**
 * Starts an agent on NVML with samples every second and batches of 10 s: what it does unless told otherwise. It runs on
 * a copy of Node's program: a GPU host has no broker and no nodes to share Node's own pages with, so that here too they
 * must not share them and lower its share of the memory.
 */
export async function startAgentFeed(env: Record<string, string>): Promise<AgentFeed> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-node-'))
  const node = join(folder, 'node')
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    copyFileSync(process.execPath, node)
    const feed = await startProcessFeed({
      source: 'nvml',
      epochS: EPOCH_S,
      agentEnv: env,
      agentNode: [node],
      agentExtra: { 'source.samplePeriod': '1s', 'source.batchPeriod': '10s' },
    })
    return {
      feed,
      async stop() {
        await feed.stop()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** @throws Error where the simulator cannot be built */
export async function startSimulatedFeed(): Promise<SimulatedFeed> {
  const reason = nvmlSimUnavailable()
  if (reason !== null) throw new Error(`no simulated GPUs: ${reason}`)
  const sim = buildNvmlSim()
  try {
    sim.configure({ gpus: 8 })
    const { feed, stop } = await startAgentFeed({
      ASSAY_NVML_LIBRARY: sim.library,
      NVMLSIM_CONFIG: sim.config,
    })
    return {
      feed,
      sim,
      async stop() {
        await stop()
        sim.remove()
      },
    }
  } catch (error) {
    sim.remove()
    throw error
  }
}
