import { decodeCbor } from '#protocol/wire/cbor'
import { parseSign1 } from '#protocol/wire/cose'
import { decodeHeader, type Tombstone } from '#protocol/wire/header'
import { asArray, asBytes } from '#protocol/wire/shape'

/** The tombstones in the header of an entry of our own; none when the bytes are no entry. */
export function entryTombstones(bytes: Uint8Array): readonly Tombstone[] {
  try {
    const cose = asBytes(asArray(decodeCbor(bytes), 'entry', 2)[0], 'entry.header')
    return decodeHeader(parseSign1('assay/header/1', cose).payload).tombstones
  } catch {
    return []
  }
}
