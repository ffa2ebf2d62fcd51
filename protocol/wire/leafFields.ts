import { protoError } from '../protoErrors.ts'

/** Trigger slots of a leaf in order (PROTOCOL §6). */
export const TRIGGER_NAMES = [
  'deviceFailure',
  'downtime',
  'margin',
  'cashFlow',
  'location',
  'loss',
  'liquidation',
  'monitoring',
] as const

/** Trigger states by number (PROTOCOL §8). */
export const TRIGGER_STATES = ['CLEAR', 'WATCH', 'PENDING', 'CONFIRMED', 'SETTLED', 'CURED'] as const

/** Packs at most four reason codes of 16 bits, the first in the lowest bits; 0 is no reason. Throws PROTO_INPUT. */
export function packReasons(codes: readonly number[]): bigint {
  if (codes.length > 4)
    throw protoError('PROTO_INPUT', { field: 'reasons', found: codes.length, wanted: 'at most 4' })
  return codes.reduce((packed, code, i) => {
    if (!Number.isInteger(code) || code < 1 || code > 0xffff) {
      throw protoError('PROTO_INPUT', { field: 'reasons', found: code, wanted: '1 to 65535' })
    }
    return packed | (BigInt(code) << BigInt(16 * i))
  }, 0n)
}

/** The reason codes of a leaf, first one first, without the empty places. */
export function unpackReasons(packed: bigint): number[] {
  return [0, 16, 32, 48]
    .map((shift) => Number((packed >> BigInt(shift)) & 0xffffn))
    .filter((code) => code !== 0)
}

/** Packs the eight trigger states of 4 bits, slot 0 in the lowest bits. Throws PROTO_INPUT. */
export function packTriggers(states: readonly number[]): number {
  if (states.length !== 8)
    throw protoError('PROTO_INPUT', { field: 'triggers', found: states.length, wanted: '8' })
  return (
    states.reduce((packed, state, i) => {
      if (!Number.isInteger(state) || state < 0 || state > 5) {
        throw protoError('PROTO_INPUT', { field: 'triggers', found: state, wanted: '0 to 5' })
      }
      return packed | (state << (4 * i))
    }, 0) >>> 0
  )
}

/** The eight trigger states of a leaf, slot 0 first. */
export function unpackTriggers(packed: number): number[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].map((i) => (packed >>> (4 * i)) & 0xf)
}
