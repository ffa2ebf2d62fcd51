import { type MetricName, metricByName } from '#protocol/wire/metrics'
import type { TelemetrySegment } from '#protocol/wire/segment'

/** Values over time in shown units; null where there is none. `times` are milliseconds, ascending. */
export type Series = {
  readonly times: number[]
  readonly series: Record<string, (number | null)[]>
}

/** One segment of a subject: its rows' times and, on demand, its columns. */
export type SeriesPart = {
  readonly t0: number
  readonly times: readonly number[]
  readonly telemetry: () => TelemetrySegment | undefined
}

/** Points at or after `sinceMs`, at most `max`, thinned evenly from the newest back; only what is shown is decoded. */
export function seriesOf(
  parts: readonly SeriesPart[],
  metrics: readonly MetricName[],
  sinceMs: number,
  max: number,
): Series {
  const points = parts.flatMap((part) =>
    part.times.map((time, row) => ({ part, row, at: part.t0 + time })).filter(({ at }) => at >= sinceMs),
  )
  const stride = Math.max(1, Math.ceil(points.length / Math.max(1, max)))
  const shown = points.filter((_, i) => (points.length - 1 - i) % stride === 0)
  const decoded = new Map<SeriesPart, TelemetrySegment | undefined>()
  const columns = (part: SeriesPart): TelemetrySegment['columns'] => {
    if (!decoded.has(part)) decoded.set(part, part.telemetry())
    return decoded.get(part)?.columns ?? []
  }
  const series: Record<string, (number | null)[]> = {}
  for (const name of metrics) {
    const { id, scale } = metricByName(name)
    series[name] = shown.map(({ part, row }) => {
      const cell = columns(part).find((column) => column.metric === id)?.cells[row]
      return cell?.presence === 'value' ? cell.value / scale : null
    })
  }
  return { times: shown.map(({ at }) => at), series }
}
