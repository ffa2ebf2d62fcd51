import type { Incident } from '#protocol/http/roundView'
import type { AgentRecord, Archive, ForkRecord, QuarantineItem, RoundRow } from './archive.ts'
import { createArchive } from './createArchive.ts'
import { hexKey } from './hexKey.ts'
import { createMemoryEntryTable } from './memoryEntryTable.ts'
import type { Tables } from './tables.ts'

const KEPT = 10_000

/** An archive that lives as long as the process, across `stop` and `start`: for tests and for recomputing exported rounds. */
export function createMemoryArchive(options: { now?: () => number } = {}): Archive {
  const tables = createMemoryTables()
  return createArchive(() => tables, options.now)
}

function createMemoryTables(): Tables {
  let steps: (() => void)[] = []
  const undo = (step: () => void) => void steps.push(step)
  const agents = new Map<string, AgentRecord>()
  const forks: ForkRecord[] = []
  const incidents: Incident[] = []
  const quarantine: QuarantineItem[] = []
  const rounds = new Map<string, RoundRow>()
  const meta = new Map<string, string>()
  const entries = createMemoryEntryTable(undo)

  function setAgent(agent: AgentRecord): void {
    const key = hexKey(agent.agentId)
    const before = agents.get(key)
    agents.set(key, agent)
    undo(() => (before ? agents.set(key, before) : agents.delete(key)))
  }

  return {
    ...entries,
    close() {},
    transaction(work) {
      steps = []
      try {
        return work()
      } catch (error) {
        for (const step of steps.reverse()) step()
        throw error
      }
    },
    insertFork(fork) {
      forks.push(fork)
      undo(() => forks.pop())
    },
    forks: () => [...forks],
    putAgent: setAgent,
    setAgentState(agentId, state, atMs) {
      const agent = agents.get(hexKey(agentId))
      if (agent) setAgent({ ...agent, state, changedAtMs: atMs })
    },
    agent: (agentId) => agents.get(hexKey(agentId)),
    agentKey: (agentId) => agents.get(hexKey(agentId)),
    agents: () => [...agents.values()],
    agentIds: () => [...agents.values()].map((agent) => agent.agentId),
    insertQuarantine(items) {
      quarantine.push(...items)
      quarantine.splice(0, quarantine.length - KEPT)
    },
    quarantined: (limit) => quarantine.slice(-limit).reverse(),
    insertIncident(incident) {
      incidents.push(incident)
      incidents.splice(0, incidents.length - KEPT)
    },
    incidents: (limit) => incidents.slice(-limit).reverse(),
    putRound: (row) => void rounds.set(`${row.n} ${row.kind} ${row.key}`, row),
    rounds({ n, fromN, kind, key, newestFirst, limit }) {
      const found = [...rounds.values()].filter(
        (row) =>
          (n === undefined || row.n === n) &&
          (fromN === undefined || row.n >= fromN) &&
          (kind === undefined || row.kind === kind) &&
          (key === undefined || row.key === key),
      )
      found.sort(
        (a, b) => (newestFirst ? b.n - a.n : a.n - b.n) || order(a.kind, b.kind) || order(a.key, b.key),
      )
      return found.slice(0, limit ?? found.length)
    },
    putMeta: (name, text) => void meta.set(name, text),
    getMeta: (name) => meta.get(name),
    stats() {
      const all = entries.entriesAfter(0, Number.MAX_SAFE_INTEGER).entries
      return {
        entries: all.length,
        bytes: all.reduce((sum, entry) => sum + entry.bytes.length, 0),
        agents: agents.size,
        forks: forks.length,
        quarantined: quarantine.length,
        incidents: incidents.length,
      }
    },
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
