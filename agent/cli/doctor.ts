import { formatIssue } from '#protocol/settings/readSettings'
import { defaultDeps } from '../agentDeps.ts'
import { readAgentConfig } from '../config.ts'
import { checkBroker } from '../doctor/checkBroker.ts'
import { checkHost } from '../doctor/checkHost.ts'
import { checkNodes } from '../doctor/checkNodes.ts'
import { checkSource } from '../doctor/checkSource.ts'
import { type DoctorLine, failed, fine, wrong } from '../doctor/doctorLine.ts'
import { EXIT } from './exitCodes.ts'

/** Which configuration; null is environment and defaults only. */
export type DoctorOptions = { readonly config?: string | null; readonly json?: boolean }

/** `assay agent doctor`: everything the agent needs, one line each. Answers 0 when nothing failed, else 1. */
export async function agentDoctor(options: DoctorOptions): Promise<number> {
  const lines = await diagnose(options.config ?? null)
  const isWell = lines.every((line) => line.state !== 'fail')
  if (options.json) process.stdout.write(`${JSON.stringify({ ok: isWell, checks: lines })}\n`)
  else process.stdout.write(`${lines.map(formatLine).join('\n')}\n`)
  return isWell ? EXIT.ok : EXIT.failed
}

async function diagnose(config: string | null): Promise<DoctorLine[]> {
  const wanted = 'a file without faults'
  let read: ReturnType<typeof readAgentConfig>
  try {
    read = readAgentConfig(config, process.env)
  } catch (error) {
    return [failed('configuration', wanted, error)]
  }
  const { values, issues } = read
  if (values === null)
    return issues.map((issue) => wrong('fail', 'configuration', formatIssue(issue), wanted, issue.mend))
  const [host, source, nodes, broker] = await Promise.all([
    checkHost(values),
    checkSource(defaultDeps(values).openProbe),
    checkNodes(values, Date.now),
    checkBroker(values),
  ])
  return [
    fine('configuration', config ?? 'defaults and environment', wanted),
    ...host,
    ...source,
    ...nodes,
    broker,
  ]
}

function formatLine(line: DoctorLine): string {
  const mark = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }[line.state]
  const head = `${mark}  ${line.what}: ${line.found}`
  return line.mend === null ? head : `${head}\n      wanted: ${line.wanted}\n      mend:   ${line.mend}`
}
