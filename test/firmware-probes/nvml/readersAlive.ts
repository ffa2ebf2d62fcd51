import { readdirSync, readFileSync } from 'node:fs'

/** NVML reader processes on this host that were started with a library path. */
export function readerPids(library: string): readonly number[] {
  const all = readdirSync('/proc').filter((pid) => {
    try {
      if (!/^\d+$/.test(pid)) return false
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return /nvml.child\.[jt]s/.test(command) && command.includes(library)
    } catch {
      return false
    }
  })
  return all.map(Number)
}

/** How many of them there are. */
export function readersAlive(library: string): number {
  return readerPids(library).length
}
