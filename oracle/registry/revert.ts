import type { AssayError } from '#protocol/assayError'
import { oracleError } from '../oracleErrors.ts'
import { loadArtifact } from './artifact.ts'

/** The revert data somewhere inside an error of ethers or of a node, or undefined. */
export function revertData(error: unknown): string | undefined {
  let at = error as { data?: unknown; error?: unknown; info?: unknown; cause?: unknown } | undefined
  for (let depth = 0; at && typeof at === 'object' && depth < 6; depth++) {
    const data = at.data
    if (typeof data === 'string' && data.startsWith('0x') && data.length >= 10) return data
    at = (at.error ?? at.info ?? at.cause ?? (typeof data === 'object' ? data : undefined)) as typeof at
  }
  return undefined
}

/** Name and arguments of a custom error of our contracts, such as `RoundNotNewer(5, 7)`, or undefined. */
export function describeRevert(data: string): string | undefined {
  for (const name of ['HealthOracle', 'CaliberRegistry'] as const) {
    const parsed = loadArtifact(name).interface.parseError(data)
    if (parsed) return `${parsed.name}(${parsed.args.map(String).join(', ')})`
  }
  return undefined
}

/** Turns a failed call or transaction into ORACLE_CHAIN_REVERT with the contract's own words, or returns undefined. */
export function asRevert(action: string, error: unknown): AssayError | undefined {
  const data = revertData(error)
  if (data === undefined) return undefined
  return oracleError(
    'ORACLE_CHAIN_REVERT',
    { action, found: describeRevert(data) ?? data.slice(0, 74) },
    error,
  )
}
