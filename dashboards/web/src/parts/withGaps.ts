/** Longer than this many usual steps without a point is a gap, also where the node sent no null. */
const GAP_STEPS = 3

/**
 * Times in seconds and values divided by `scale`, with a null wherever the line must break: nothing is drawn across a
 * time for which nothing was read.
 */
export function withGaps(
  times: readonly number[],
  values: readonly (number | null)[],
  scale: number,
): [number[], (number | null)[]] {
  const steps = times.slice(1).map((time, i) => time - (times[i] as number))
  const usual = steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0
  const x: number[] = []
  const y: (number | null)[] = []
  times.forEach((time, i) => {
    const before = times[i - 1]
    if (before !== undefined && usual > 0 && time - before > GAP_STEPS * usual) {
      x.push((before + usual) / 1000)
      y.push(null)
    }
    const value = values[i] ?? null
    x.push(time / 1000)
    y.push(value === null ? null : value / scale)
  })
  return [x, y]
}
