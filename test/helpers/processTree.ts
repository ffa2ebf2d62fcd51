import { readdirSync, readFileSync } from 'node:fs'

/** One process of this machine; the start time tells it from a later one with the same pid. */
export type SeenProcess = { readonly pid: number; readonly startedAt: string; readonly command: string }

/** Every process below `root` at this moment, children of children included. Linux only. */
export function descendants(root: number): SeenProcess[] {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (read(Number(name)) ?? []) : []))
  const found: SeenProcess[] = []
  const parents = [root]
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    for (const each of all) {
      if (each.parent !== parent) continue
      found.push(each)
      parents.push(each.pid)
    }
  }
  return found
}

/** Those of `seen` that still run; zombies have ended. */
export function stillAlive(seen: Iterable<SeenProcess>): SeenProcess[] {
  return [...seen].filter(({ pid, startedAt }) => {
    const now = read(pid)
    return now !== undefined && now.startedAt === startedAt && now.state !== 'Z'
  })
}

function read(pid: number): (SeenProcess & { parent: number; state: string }) | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return {
      pid,
      startedAt: fields[19] as string,
      command,
      parent: Number(fields[1]),
      state: fields[0] as string,
    }
  } catch {
    return undefined
  }
}
