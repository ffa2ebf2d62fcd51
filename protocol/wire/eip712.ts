import { concat, utf8 } from '../bytes.ts'
import { addressWord, uintWord } from './abi.ts'
import type { Hex } from './chainView.ts'
import { keccak256 } from './keccak.ts'

/** Where an EIP-712 signature counts: one contract on one chain. */
export type SigningDomain = { readonly chainId: number; readonly verifyingContract: Hex }

const DOMAIN_TYPE = keccak256(
  utf8('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'),
)
const NAME = keccak256(utf8('Assay'))
const VERSION = keccak256(utf8('1'))

/** hashStruct of EIP-712 §"Definition of hashStruct": the type's hash, then the encoded members. */
export function structHash(type: string, ...words: readonly Uint8Array[]): Uint8Array {
  return keccak256(concat(keccak256(utf8(type)), ...words))
}

/** Domain separator of {name "Assay", version "1", chainId, verifyingContract}. */
export function domainSeparator(domain: SigningDomain): Uint8Array {
  return keccak256(
    concat(
      DOMAIN_TYPE,
      NAME,
      VERSION,
      uintWord(domain.chainId, 256, 'chainId'),
      addressWord(domain.verifyingContract, 'verifyingContract'),
    ),
  )
}

/** The 32 bytes that are signed: keccak256(0x1901 ‖ domain separator ‖ struct hash). */
export function typedDigest(domain: SigningDomain, struct: Uint8Array): Uint8Array {
  return keccak256(concat(Uint8Array.of(0x19, 0x01), domainSeparator(domain), struct))
}
