/** Bounds that every reader enforces, so that no signed object can exhaust a node. */
export const MAX_ENTRY_BYTES = 256 * 1024
export const MAX_SEGMENTS = 128
export const MAX_ROWS = 4096
export const MAX_COLUMNS = 256
/** Rows times columns, summed over the segments of an entry: constant columns are short on the wire, not in memory. */
export const MAX_CELLS = 256 * 1024
export const MAX_DETAILS = 16
export const MAX_EVIDENCE = 64
export const MAX_EVIDENCE_BYTES = 192 * 1024
export const MAX_TOMBSTONES = 1024
