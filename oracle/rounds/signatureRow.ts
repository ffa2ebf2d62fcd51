import type { RoundSignature } from './ports.ts'

/** The stored form of this node's one signature of a round. */
export function writeSignature(signature: RoundSignature): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(signature))
}

/** @throws SyntaxError when the row was damaged: a node must not sign again in its place */
export function readSignature(bytes: Uint8Array): RoundSignature {
  return JSON.parse(new TextDecoder().decode(bytes)) as RoundSignature
}
