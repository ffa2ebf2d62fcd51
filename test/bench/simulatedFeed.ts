import { buildNvmlSim, type NvmlSim, nvmlSimUnavailable } from '../fixtures/nvmlsim/buildNvmlSim.ts'
import { type ProcessFeed, startProcessFeed } from '../helpers/processFeed.ts'

/** The built agent, with chain, broker and three nodes in processes of their own. */
export type AgentFeed = { readonly feed: ProcessFeed; stop(): Promise<void> }

/** The same over the NVML simulator with 8 H200. */
export type SimulatedFeed = AgentFeed & { readonly sim: NvmlSim }

/** Long against a measurement, as in production, so that few epoch notices fall into it. */
const EPOCH_S = 60

/** Starts an agent on NVML with samples every second and batches of 10 s: what it does unless told otherwise. */
export async function startAgentFeed(env: Record<string, string>): Promise<AgentFeed> {
  const feed = await startProcessFeed({
    source: 'nvml',
    epochS: EPOCH_S,
    agentEnv: env,
    agentExtra: { 'source.samplePeriod': '1s', 'source.batchPeriod': '10s' },
  })
  return { feed, stop: () => feed.stop() }
}

/** @throws Error where the simulator cannot be built */
export async function startSimulatedFeed(): Promise<SimulatedFeed> {
  const reason = nvmlSimUnavailable()
  if (reason !== null) throw new Error(`no simulated GPUs: ${reason}`)
  const sim = buildNvmlSim()
  try {
    sim.configure({ gpus: 8 })
    const { feed } = await startAgentFeed({ ASSAY_NVML_LIBRARY: sim.library, NVMLSIM_CONFIG: sim.config })
    return {
      feed,
      sim,
      async stop() {
        await feed.stop()
        sim.remove()
      },
    }
  } catch (error) {
    sim.remove()
    throw error
  }
}
