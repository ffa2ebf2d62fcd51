import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Where the readings of a local run will come from. */
export type UpSource = { readonly name: string; readonly synthetic: boolean; readonly devices: number }

/**
 * Reads once from `source` with this program's own `assay probe`; `auto` without a GPU falls to the recording, as the
 * agent will.
 * @throws Error with what the probe said when a source that was asked for does not answer
 */
export async function findSource(source: string, recording: string): Promise<UpSource> {
  try {
    return await probe(source)
  } catch (error) {
    if (source !== 'auto') throw new Error((error as { stderr?: string }).stderr || (error as Error).message)
    return probe(`recording:${recording}`)
  }
}

/** The source in words, as the first line of a run and the page say it. */
export function sourceInWords(source: { readonly name: string; readonly synthetic: boolean }): string {
  return `${source.name}${source.synthetic ? ' (SYNTHETIC: not made on real hardware)' : ''}`
}

async function probe(source: string): Promise<UpSource> {
  const args = [
    ...process.execArgv,
    process.argv[1] as string,
    'probe',
    '--once',
    '--json',
    '--source',
    source,
  ]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    timeout: 60_000,
    maxBuffer: 2 ** 26,
  })
  const seen = JSON.parse(stdout) as { source: string; synthetic: boolean; devices: unknown[] }
  return { name: seen.source, synthetic: seen.synthetic, devices: seen.devices.length }
}
