import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** What one process has used so far. */
export type ProcessFigures = {
  readonly pid: number
  readonly parent: number
  /** The script that it runs, or its program. */
  readonly name: string
  /** User and system time in clock ticks, with that of its children that have ended. */
  readonly ticks: number
  /** Times it was put on a processor, over the threads that live. */
  readonly wakeups: number
}

let perSecond = 0

/** Clock ticks per second of /proc. */
export function ticksPerSecond(): number {
  perSecond ||= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return perSecond
}

/** A process and all that descend from it, the root first. Linux only. Processes that end meanwhile are left out. */
export function processTree(root: number): ProcessFigures[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => figuresOf(Number(name)) ?? [])
  const tree = all.filter(({ pid }) => pid === root)
  for (let i = 0; i < tree.length; i++) tree.push(...all.filter(({ parent }) => parent === tree[i]?.pid))
  return tree
}

/** Proportional set size in KiB: pages shared with other processes count by their share. 0 for one that has ended. */
export function pssKib(pid: number): number {
  const found = /^Pss:\s+(\d+) kB/m.exec(read(pid, 'smaps_rollup') ?? '')
  return Number(found?.[1] ?? 0)
}

function read(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return null
  }
}

function figuresOf(pid: number): ProcessFigures | null {
  const stat = read(pid, 'stat')
  if (stat === null) return null
  // The name in parentheses may hold spaces: the numbers begin after it, with the state.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const at = (field: number): number => Number(fields[field - 3])
  return {
    pid,
    parent: at(4),
    name: nameOf(pid),
    ticks: at(14) + at(15) + at(16) + at(17),
    wakeups: wakeupsOf(pid),
  }
}

function nameOf(pid: number): string {
  const argv = (read(pid, 'cmdline') ?? '').split('\0')
  const script = argv.find((arg) => /\.(js|mjs|ts)$/.test(arg)) ?? argv[0] ?? ''
  return script.slice(script.lastIndexOf('/') + 1)
}

function wakeupsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce(
      (sum, task) => sum + Number((read(pid, `task/${task}/schedstat`) ?? '').split(' ')[2] ?? 0),
      0,
    )
  } catch {
    return 0
  }
}
