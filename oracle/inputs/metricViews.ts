import type { MetricView } from '#protocol/http/assetView'
import { metricById } from '#protocol/wire/metrics'
import type { TelemetrySegment } from '#protocol/wire/segment'

/** One row of a segment by metric name, in shown units. Ids of a newer dictionary are left out: they have no name here. */
export function metricViews(segment: TelemetrySegment, row: number): Record<string, MetricView> {
  const views: Record<string, MetricView> = {}
  for (const { metric: id, cells } of segment.columns) {
    const metric = metricById(id)
    const cell = cells[row]
    if (!metric || !cell) continue
    views[metric.name] =
      cell.presence === 'value'
        ? { value: cell.value / metric.scale, presence: 'value' }
        : { value: null, presence: cell.presence }
  }
  return views
}
