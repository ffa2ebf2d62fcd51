/** What Assay's own objects are made of: no floats, no tags, no undefined. A bigint only beyond ±(2^53 - 1). */
export type CborValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<number | string, CborValue>
