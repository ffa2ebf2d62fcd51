import type { AssetIdentity } from './identity.ts'

/** How well a device can be told from every other (PROTOCOL §3). `insufficient` is never collateral. */
export type IdentityQuality = 'silicon' | 'board' | 'weak' | 'insufficient'

/** Placeholders that drivers, hypervisors and scrubbed captures put where an identifier should be. */
function isIdentifier(text: string | null): boolean {
  if (text === null) return false
  const bare = text.trim().replace(/^GPU-/i, '')
  return !/^(?:[0-]*|\[?(?:n\/a|not supported|unknown|none|default)\]?)$/i.test(bare)
}

/**
 * What readings alone can prove of an identity: `board` with serial, board part number and UUID; `weak` with only one of
 * them that says anything; `insufficient` with none. `silicon` needs the PDI bound to a certificate and is never the
 * result of readings. Zeros, "N/A" and the all-zero UUID count as not given.
 */
export function identityQuality(
  identity: Pick<AssetIdentity, 'serial' | 'boardPartNumber' | 'uuid'>,
): Exclude<IdentityQuality, 'silicon'> {
  const [serial, part, uuid] = [identity.serial, identity.boardPartNumber, identity.uuid].map(isIdentifier)
  if (serial && part && uuid) return 'board'
  return serial || uuid ? 'weak' : 'insufficient'
}
