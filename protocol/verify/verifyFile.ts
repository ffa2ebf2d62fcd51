import { noblePrimitives } from '../noblePrimitives.ts'
import type { Primitives } from '../primitives.ts'
import { decodeFile, type FileKind } from '../wire/file.ts'
import { decodeLogs } from '../wire/fileBodies.ts'
import { CheckFailure, CheckStop, checkList, type FileCheck, type RunCheck } from './fileChecks.ts'
import { verifyAssetProof } from './verifyAsset.ts'
import { verifyEnrolmentFile } from './verifyEnrolmentFile.ts'
import { verifyLog, verifyLoneEntry } from './verifyLog.ts'
import { type FilePins, verifyNodeObject } from './verifyNodeObject.ts'
import { verifyAdmissionFile, verifyReportFile } from './verifyQuorumFile.ts'
import { verifyRoundFile } from './verifyRoundFile.ts'

/** What a file proves. `ok`: no check failed; what nothing here proves is listed with `ok` null. */
export type FileVerdict = {
  /** Null when the bytes are no Assay file. */
  readonly kind: FileKind | null
  readonly ok: boolean
  readonly checks: readonly FileCheck[]
  /** Name of the first check that does not hold. */
  readonly firstFailing: string | null
}

/**
 * Checks an `.assay` file offline. The deep checks come first, so that a changed byte is found by the check of the part
 * that it belongs to; the digest over the whole file comes last and finds every other change. Never throws on bad
 * bytes: a check that fails ends the deep checks and says why.
 */
export function verifyFile(
  bytes: Uint8Array,
  primitives: Primitives = noblePrimitives,
  pins: FilePins = {},
): FileVerdict {
  const { checks, run } = checkList()
  let kind: FileKind | null = null
  try {
    const file = run('file', () => {
      const value = decodeFile(bytes, primitives.sha256)
      return { value, detail: `${value.kind}, ${bytes.length} bytes` }
    })
    kind = file.kind
    try {
      verifyBody(file.kind, file.body, run, primitives, pins)
    } finally {
      run('digest', () => {
        if (!file.digestHolds) throw new CheckFailure('SHA-256 of the file is not the digest at its end')
        return { value: null, detail: 'SHA-256 of the file is the digest at its end' }
      })
    }
  } catch (error) {
    if (!(error instanceof CheckStop)) throw error
  }
  const failed = checks.find((check) => check.ok === false)
  return { kind, ok: !failed, checks, firstFailing: failed?.check ?? null }
}

function verifyBody(
  kind: FileKind,
  body: Uint8Array,
  run: RunCheck,
  primitives: Primitives,
  pins: FilePins,
): void {
  if (kind === 'entry' || kind === 'archive') verifyLogs(kind, body, run, primitives)
  else if (kind === 'report') verifyReportFile(body, run, pins)
  else if (kind === 'admission') verifyAdmissionFile(body, run, pins)
  else if (kind === 'enrolment') verifyEnrolmentFile(body, run, primitives)
  else if (kind === 'assetProof') verifyProof(body, run, primitives, pins)
  else if (kind === 'round') verifyRoundFile(body, run, primitives, pins)
  else verifyNodeObject(kind, body, run, primitives, pins)
}

function verifyLogs(
  kind: 'entry' | 'archive',
  body: Uint8Array,
  run: RunCheck,
  primitives: Primitives,
): void {
  const logs = run('body', () => {
    const value = decodeLogs(body)
    if (kind === 'entry' && value.length !== 1) throw new CheckFailure(`${value.length} logs, wanted 1`)
    return { value, detail: `${value.length} logs` }
  })
  for (const log of logs) {
    if (kind === 'entry') verifyLoneEntry(log, run, primitives)
    else verifyLog(log, null, run, primitives)
  }
}

/** The steps of an asset proof become the checks of the file. */
function verifyProof(body: Uint8Array, run: RunCheck, primitives: Primitives, pins: FilePins): void {
  const json = run('body', () => {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    return { value, detail: 'JSON of an asset proof' }
  })
  const result = verifyAssetProof(json, { rosterFingerprint: pins.rosterFingerprint ?? null }, primitives)
  for (const step of result.steps)
    run(step.name, () => {
      if (step.ok === false) throw new CheckFailure(step.detail)
      return { value: null, detail: step.detail, unproven: step.ok === null }
    })
}
