/**
 * Codes of an `error` cell that a probe gives itself. NVML's own codes are 0 to 30 and 999; these stay clear of them
 * and below 1000, so that both fit one column.
 */
export const PROBE_CODES = {
  /** The watchdog ended the reader while it read this device. */
  stuck: 901,
  /** The reader ended by itself (a crash in the vendor's library) while it read this device. */
  crashed: 902,
  /** The source gave something else than its format promises. */
  malformed: 904,
  /** Reading was given up for the whole source: too many readers hang in the driver. */
  givenUp: 905,
} as const
