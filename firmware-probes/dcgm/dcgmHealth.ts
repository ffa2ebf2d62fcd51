import { boundedCommand } from '../boundedCommand.ts'
import { findCommand } from '../findCommand.ts'
import { probeError } from '../probeErrors.ts'

/** DCGM's word on one system of one entity. Anything that is not one of its three words is unknown, never healthy. */
export type DcgmVerdict = 'healthy' | 'warning' | 'failure' | 'unknown'

export type DcgmIncident = {
  /** `GPU`, `NvSwitch` … and its number in DCGM. */
  readonly entity: string
  readonly entityId: number
  /** `Memory system`, `PCIe system` … */
  readonly system: string
  readonly health: DcgmVerdict
  readonly text: string
}

export type DcgmHealth = { readonly overall: DcgmVerdict; readonly incidents: readonly DcgmIncident[] }

type Box = Readonly<Record<string, unknown>>

const isBox = (value: unknown): value is Box =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function verdict(box: unknown): DcgmVerdict {
  const word = isBox(box) ? box.value : undefined
  if (word === 'Healthy') return 'healthy'
  if (word === 'Warning') return 'warning'
  return word === 'Failure' ? 'failure' : 'unknown'
}

function children(box: unknown): readonly (readonly [string, unknown])[] {
  return isBox(box) && isBox(box.children) ? Object.entries(box.children) : []
}

function words(box: unknown): string {
  const overflow = isBox(box) && Array.isArray(box.overflow) ? box.overflow : []
  const lines = overflow.map((line: unknown) => (isBox(line) ? line.value : line))
  return lines.filter((line): line is string => typeof line === 'string').join(' ')
}

/**
 * Reads the output of `dcgmi health -c -j`. @throws AssayError AGENT_PROBE_FORMAT, with the line that dcgmi printed
 * instead of JSON (no host engine, watches not set)
 */
export function parseDcgmHealth(output: string): DcgmHealth {
  let report: unknown
  try {
    report = JSON.parse(output)
  } catch {
    throw probeError('AGENT_PROBE_FORMAT', {
      from: 'dcgmi health -c -j',
      found: output.trim().split('\n')[0]?.slice(0, 200),
    })
  }
  const body = isBox(report) ? report.body : undefined
  if (!isBox(body) || !('Overall Health' in body)) {
    throw probeError('AGENT_PROBE_FORMAT', {
      from: 'dcgmi health -c -j',
      wanted: 'body with "Overall Health"',
    })
  }
  const incidents: DcgmIncident[] = []
  for (const [entity, group] of Object.entries(body)) {
    for (const [id, box] of children(group)) {
      const errors = children(box).find(([name]) => name === 'Errors')?.[1]
      for (const [system, error] of children(errors)) {
        incidents.push({ entity, entityId: Number(id), system, health: verdict(error), text: words(error) })
      }
    }
  }
  return { overall: verdict(body['Overall Health']), incidents }
}

/** Asks the host engine on this host, bounded. @throws AssayError AGENT_PROBE_… */
export async function readDcgmHealth(command = 'dcgmi', timeoutMs = 10_000): Promise<DcgmHealth> {
  return parseDcgmHealth(await boundedCommand(findCommand(command), ['health', '-c', '-j'], { timeoutMs }))
}
