import { type Cell, valueCell } from '#protocol/wire/cell'
import { encodeSegment } from '#protocol/wire/segment'
import { primitives } from '../helpers/signedLog.ts'

/** A repeatable source of numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

const METRIC_IDS = Array.from({ length: 40 }, (_, i) => i + 1)

/**
 * Telemetry bodies of one host: `devices` segments of 40 metrics by `rows` samples, most of them constant, a dozen of
 * them walking, as a busy accelerator looks.
 */
export function telemetryBodies(devices: number, rows: number, random: () => number): Uint8Array[] {
  return Array.from({ length: devices }, () =>
    encodeSegment({
      kind: 'telemetry',
      salt: Uint8Array.from({ length: 16 }, () => Math.floor(256 * random())),
      subject: primitives.sha256(Uint8Array.from({ length: 8 }, () => Math.floor(256 * random()))),
      columns: METRIC_IDS.map((metric) => ({ metric, cells: column(metric, rows, random) })),
    }),
  )
}

function column(metric: number, rows: number, random: () => number): Cell[] {
  const base = Math.floor(10 ** (2 + (metric % 5)) * (1 + random()))
  if (metric % 10 > 2) return new Array<Cell>(rows).fill(valueCell(base))
  let value = base
  return Array.from({ length: rows }, () => {
    value += Math.round((random() - 0.5) * base * 0.05)
    return valueCell(Math.max(0, value))
  })
}
