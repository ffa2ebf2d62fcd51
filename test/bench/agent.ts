import { setTimeout as pause } from 'node:timers/promises'
import { metricSum } from '../../oracle/up/upSummary.ts'
import { waitFor } from '../../oracle/up/waitFor.ts'
import type { ProcessFeed } from '../helpers/processFeed.ts'
import { type ProcessFigures, processTree, pssKib, ticksPerSecond } from './processTree.ts'
import { quantile } from './quantile.ts'
import { startAgentFeed, startSimulatedFeed } from './simulatedFeed.ts'
import { noNvidiaSmi, nvidiaSmiLoop } from './smiLoop.ts'

/** Each window holds ten samples and one batch. */
const WINDOW_MS = 10_000
const WINDOWS = 6
const SETTLE_MS = 20_000

/** What an agent took over a time. */
export type AgentFigures = {
  readonly devices: number
  readonly seconds: number
  readonly cpuSecondsPerHour: number
  readonly percentOfCore: number
  /** The same in each window of ten seconds, and their median: a neighbour's noise shows here. */
  readonly percentOfCoreWindows: readonly number[]
  readonly percentOfCoreMedian: number
  readonly pssMiB: number
  readonly processes: readonly {
    readonly name: string
    readonly percentOfCore: number
    readonly wakeupsPerSecond: number
    readonly pssMiB: number
  }[]
  /** Batches and events that enough nodes acked meanwhile: the agent did its whole work. */
  readonly entriesAcked: number
}

/**
 * What the built agent takes at 1 Hz x 8 simulated GPUs with batches of ten seconds, after it has settled: processor
 * time (user and system) and proportional memory of all its processes. Broker, nodes and chain run beside it and are
 * not counted. Its ratio to an `nvidia-smi` loop is measured only where there is a real one.
 */
export async function benchAgent(): Promise<object> {
  const { feed, stop } = await startSimulatedFeed()
  try {
    return {
      goal: { percentOfCore: 0.5, pssMiB: 110 },
      ...(await measureAgent(feed)),
      againstNvidiaSmi: await compare(),
    }
  } finally {
    await stop()
  }
}

/** The agent over the real library beside `nvidia-smi -q -x -l 1`, or why that was left out. */
async function compare(): Promise<object> {
  const leftOut = noNvidiaSmi()
  if (leftOut !== null) return { leftOut }
  const loop = await nvidiaSmiLoop(3 * WINDOW_MS)
  const { feed, stop } = await startAgentFeed({})
  try {
    const agent = await measureAgent(feed)
    const ratio = round(loop.percentOfCore / agent.percentOfCore, 1)
    return { loop, agent, agentIsCheaperBy: ratio }
  } finally {
    await stop()
  }
}

async function measureAgent(feed: ProcessFeed): Promise<AgentFigures> {
  const pid = feed.agent.pid() as number
  await waitFor('a first acked batch', async () => (await acked(feed)) > 0)
  await pause(SETTLE_MS)
  const ackedBefore = await acked(feed)
  const first = look(pid)
  const marks = [first]
  for (let i = 0; i < WINDOWS; i++) {
    await pause(WINDOW_MS)
    marks.push(look(pid))
  }
  const last = marks.at(-1) as Look
  const seconds = (last.atMs - first.atMs) / 1000
  const windows = marks.slice(1).map((mark, i) => percent(marks[i] as Look, mark))
  const pss = last.tree.map((one) => pssKib(one.pid) / 1024)
  const total = percent(first, last)
  return {
    devices: feed.devices,
    seconds: round(seconds, 1),
    cpuSecondsPerHour: round(36 * total, 1),
    percentOfCore: round(total, 3),
    percentOfCoreWindows: windows.map((window) => round(window, 2)),
    percentOfCoreMedian: round(quantile(windows, 0.5), 3),
    pssMiB: round(
      pss.reduce((sum, each) => sum + each, 0),
      1,
    ),
    processes: last.tree.map((now, i) => {
      const then = first.tree.find((one) => one.pid === now.pid)
      return {
        name: now.name,
        percentOfCore: round((100 * (now.ticks - (then?.ticks ?? 0))) / ticksPerSecond() / seconds, 3),
        wakeupsPerSecond: round((now.wakeups - (then?.wakeups ?? 0)) / seconds, 1),
        pssMiB: round(pss[i] ?? 0, 1),
      }
    }),
    entriesAcked: (await acked(feed)) - ackedBefore,
  }
}

type Look = { readonly atMs: number; readonly tree: readonly ProcessFigures[] }

function look(pid: number): Look {
  return { atMs: performance.now(), tree: processTree(pid) }
}

/** The time of children that ended stays in their parents' ticks, so that the sum over a tree never falls. */
function percent(from: Look, to: Look): number {
  const sum = ({ tree }: Look): number => tree.reduce((total, { ticks }) => total + ticks, 0)
  return (100 * (sum(to) - sum(from))) / ticksPerSecond() / ((to.atMs - from.atMs) / 1000)
}

async function acked(feed: ProcessFeed): Promise<number> {
  return metricSum(await (await fetch(feed.metrics)).text(), 'assay_agent_entries_acked')
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
