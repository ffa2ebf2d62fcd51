import type { SpoolClass } from '#protocol/wire/header'

/** An entry whose payload is damaged while its frame head still tells which one it was. */
export type DamagedEntry = {
  readonly ordinal: number
  readonly class: SpoolClass
  readonly hash: Uint8Array
  readonly prev: Uint8Array
}
