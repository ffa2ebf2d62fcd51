import type { Knots } from './methodologyTypes.ts'

/**
 * Piecewise-linear value at `x`, clamped to the first and last knot. The step from the left knot is floored in both
 * directions, so a falling curve never rounds a negative. All arguments are non-negative whole numbers; products stay
 * below 2^53.
 */
export function interp(knots: Knots, x: number): number {
  const first = knots[0] as readonly [number, number]
  if (x <= first[0]) return first[1]
  for (let i = 1; i < knots.length; i++) {
    const [x1, y1] = knots[i] as readonly [number, number]
    if (x > x1) continue
    const [x0, y0] = knots[i - 1] as readonly [number, number]
    return y1 >= y0
      ? y0 + Math.floor(((y1 - y0) * (x - x0)) / (x1 - x0))
      : y0 - Math.floor(((y0 - y1) * (x - x0)) / (x1 - x0))
  }
  return (knots[knots.length - 1] as readonly [number, number])[1]
}

/** The value of the last step that `x` reaches, or `none` below the first. */
export function stepAt(steps: Knots, x: number, none: number): number {
  let value = none
  for (const [from, y] of steps) if (x >= from) value = y
  return value
}
