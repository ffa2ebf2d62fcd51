/** What the parent asks of an NVML child. */
export type ToChild =
  /** Read these indexes in this order; `slow` also reads the slow tier. */
  | {
      readonly ask: 'sample'
      readonly id: number
      readonly indices: readonly number[]
      readonly slow: boolean
    }
  /** Register these indexes with an event set, then report events until told to stop. */
  | { readonly ask: 'listen'; readonly indices: readonly number[] }
  | { readonly ask: 'hush' }

/** What an NVML child reports. A message about an index is sent before the next index is touched. */
export type FromChild =
  | { readonly say: 'ready'; readonly driver: string | null; readonly count: number }
  | {
      readonly say: 'unusable'
      readonly stage: 'load' | 'symbol' | 'init'
      readonly code: number
      readonly text: string
    }
  /** The calls on this index begin now: whatever happens next happened there. */
  | { readonly say: 'begin'; readonly index: number }
  | {
      readonly say: 'device'
      readonly id: number
      readonly index: number
      /** Return code of the handle; not 0 means that nothing else was read. */
      readonly handle: number
      readonly fast: Buffer | null
      readonly slow: Buffer | null
    }
  | { readonly say: 'swept'; readonly id: number; readonly count: number; readonly code: number }
  | {
      readonly say: 'listening'
      readonly failed: readonly { readonly index: number; readonly code: number }[]
    }
  | {
      readonly say: 'event'
      readonly index: number
      readonly type: bigint
      readonly data: bigint
      readonly atMs: number
    }
  /** Waiting for events ended with a code other than 0 or timeout: event health is unknown from here on. */
  | { readonly say: 'deaf'; readonly code: number }
