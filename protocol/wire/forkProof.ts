import { sameBytes } from '../bytes.ts'
import type { Primitives } from '../primitives.ts'
import type { ForkProof } from './ackList.ts'
import { parseSign1, verifySign1 } from './cose.ts'
import { decodeHeader, headerHash } from './header.ts'

/**
 * Whether a fork proof holds: two different headers, both signed by the log's key, at one (boot, seq). `publicKey`
 * must be the key that belongs to the log.
 */
export function checkForkProof(fork: ForkProof, publicKey: Uint8Array, primitives: Primitives): boolean {
  try {
    const pair = [fork.first, fork.second].map((cose) => {
      const signed = parseSign1('assay/header/1', cose)
      return {
        signed,
        header: decodeHeader(signed.payload),
        hash: headerHash(signed.payload, primitives.sha256),
      }
    })
    const [a, b] = pair as [(typeof pair)[number], (typeof pair)[number]]
    return (
      !sameBytes(a.hash, b.hash) &&
      a.header.boot === b.header.boot &&
      a.header.seq === b.header.seq &&
      pair.every(
        ({ signed, header }) =>
          sameBytes(header.agentId, fork.logId) && verifySign1(signed, publicKey, primitives),
      )
    )
  } catch {
    return false
  }
}
