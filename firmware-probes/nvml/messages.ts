// Messages are JSON: at one a second, structured cloning costs three times the processor time of text.

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

/** The raw results of one index; a `handle` other than 0 is the code with which nothing could be read. */
export type DeviceRaw = {
  readonly index: number
  readonly handle: number
  /** Filled frames of the tiers in base64. */
  readonly fast: string | null
  readonly slow: string | null
}

/** What an NVML child reports. Which index it is reading meanwhile stands in its progress word. */
export type FromChild =
  | { readonly say: 'ready'; readonly driver: string | null; readonly count: number }
  | {
      readonly say: 'unusable'
      readonly stage: 'load' | 'symbol' | 'init'
      readonly code: number
      readonly text: string
    }
  | {
      readonly say: 'swept'
      readonly id: number
      readonly devices: readonly DeviceRaw[]
      /** Devices that the driver counts now, and the code of asking. */
      readonly count: number
      readonly code: number
    }
  | {
      readonly say: 'listening'
      readonly failed: readonly { readonly index: number; readonly code: number }[]
    }
  | {
      readonly say: 'event'
      readonly index: number
      /** NVML event type bits and event data, unsigned 64-bit in decimal. */
      readonly type: string
      readonly data: string
      readonly atMs: number
    }
  /** Waiting for events ended with a code other than 0 or timeout: event health is unknown from here on. */
  | { readonly say: 'deaf'; readonly code: number }
