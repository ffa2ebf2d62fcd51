import { readFile } from 'node:fs/promises'
import type { AssayError } from '#protocol/assayError'
import { createNodePrimitives } from '#protocol/node/nodePrimitives'
import { type FileVerdict, verifyFile } from '#protocol/verify/verifyFile'
import { oracleError } from '../oracleErrors.ts'

/** Options of `assay verify`; `out` and `err` default to the process's own streams. */
export type VerifyOptions = {
  readonly files: readonly string[]
  readonly json: boolean
  /** Fingerprint of the roster that the reader pinned, hex without 0x: without it no roster is proven to be the right one. */
  readonly roster?: string
  readonly out?: (text: string) => void
  readonly err?: (text: string) => void
}

/**
 * `assay verify FILE…`: checks self-contained Assay files offline and prints every check. Exit code 0 when none fails, 1
 * when one does (each file names its first), 2 when an argument or a file cannot be used at all (nothing is checked).
 */
export async function verifyCommand(options: VerifyOptions): Promise<number> {
  const out = options.out ?? ((text: string) => void process.stdout.write(text))
  const err = options.err ?? ((text: string) => void process.stderr.write(text))
  let contents: { readonly file: string; readonly bytes: Uint8Array }[]
  try {
    if (options.roster !== undefined && !/^[0-9a-f]{64}$/.test(options.roster))
      throw oracleError('ORACLE_VERIFY_ARGUMENT', {
        found: options.roster,
        wanted: '64 digits of lower-case hex',
      })
    if (options.files.length === 0)
      throw oracleError('ORACLE_VERIFY_ARGUMENT', { found: 'no file', wanted: 'at least one' })
    contents = await Promise.all(options.files.map(readWhole))
  } catch (error) {
    const { code, message } = error as AssayError
    if (options.json) out(`${JSON.stringify({ error: { code, message } })}\n`)
    err(`${message}\n`)
    return 2
  }
  const primitives = createNodePrimitives()
  const pins = options.roster === undefined ? {} : { rosterFingerprint: options.roster }
  const results = contents.map(({ file, bytes }) => ({ file, ...verifyFile(bytes, primitives, pins) }))
  out(options.json ? `${JSON.stringify({ files: results }, null, 2)}\n` : results.map(shown).join('\n'))
  for (const { file, checks, firstFailing } of results) {
    const failed = checks.find((check) => check.check === firstFailing)
    if (failed) err(`${file}: ${failed.check} does not hold: ${failed.detail}\n`)
  }
  return results.every((result) => result.ok) ? 0 : 1
}

async function readWhole(file: string): Promise<{ file: string; bytes: Uint8Array }> {
  try {
    const bytes = await readFile(file)
    if (bytes.length === 0) throw new Error('the file is empty')
    return { file, bytes }
  } catch (cause) {
    const found = (cause as Error).message
    throw oracleError('ORACLE_VERIFY_FILE', { file, found, wanted: 'a readable .assay file' }, cause)
  }
}

const MARKS = new Map<boolean | null, string>([
  [true, 'holds     '],
  [false, 'FAILS     '],
  [null, 'not proven'],
])

function shown({ file, kind, checks, ok }: FileVerdict & { readonly file: string }): string {
  const open = checks.filter((check) => check.ok === null).length
  const verdict = !ok ? 'does not hold' : open === 0 ? 'holds' : `holds, ${open} not proven by the file alone`
  const lines = checks.map((check) => `  ${MARKS.get(check.ok)}  ${check.check}: ${check.detail}`)
  return [`${file} (${kind ?? 'unknown'}): ${verdict}`, ...lines, ''].join('\n')
}
