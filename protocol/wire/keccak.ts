import { keccak_256 } from '@noble/hashes/sha3.js'
import { createKeccak, type IHasher } from 'hash-wasm'

let compiled: IHasher | undefined

/**
 * Compiles the WebAssembly Keccak, which is some ten times faster than the JavaScript one. Optional and idempotent:
 * without it, or where WebAssembly is forbidden, {@link keccak256} gives the same bytes more slowly.
 */
export async function initKeccak(): Promise<void> {
  compiled ??= await createKeccak(256)
}

/** Keccak-256 as the EVM computes it (not SHA3-256): 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return compiled ? compiled.init().update(bytes).digest('binary') : keccak_256(bytes)
}
