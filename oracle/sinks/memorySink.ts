import { createSink, type SinkOptions } from './createSink.ts'
import type { Point, Sink } from './sink.ts'

/** A sink that keeps its points: what readers of a sink may rely on, without a database. */
export type MemorySink = Sink & { points(): readonly Point[] }

/** Points of one series and time replace each other, as in a database. */
export function createMemorySink(options: SinkOptions = {}): MemorySink {
  const kept = new Map<string, Point>()
  const sink = createSink(
    {
      async write(points) {
        for (const point of points) {
          const tags = Object.entries(point.tags).sort(([a], [b]) => (a < b ? -1 : 1))
          kept.set(JSON.stringify([point.measurement, tags, point.atMs]), point)
        }
      },
    },
    options,
  )
  return { ...sink, points: () => [...kept.values()] }
}
