import { InfluxDB } from 'influx'
import { createSink, type SinkOptions } from './createSink.ts'
import { type Point, PointsRefused, type PointWriter, type Sink } from './sink.ts'

export type InfluxSettings = {
  /** `http://HOST:PORT/DATABASE`; the database is made when there is none. */
  readonly url: string
  readonly username?: string
  readonly password?: string
}

const REQUEST_MS = 10_000

/**
 * Rollups and events in InfluxDB 1.x, or what takes its line protocol at `/write` (VictoriaMetrics). An outage costs
 * nothing but the points that no longer fit into the queue.
 */
export function createInfluxSink(settings: InfluxSettings, options: SinkOptions = {}): Sink {
  return createSink(influxWriter(settings), options)
}

function influxWriter(settings: InfluxSettings): PointWriter {
  const url = new URL(settings.url)
  const database = decodeURIComponent(url.pathname.replace(/^\/|\/$/g, '')) || 'assay'
  const client = new InfluxDB({
    host: url.hostname,
    port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
    protocol: url.protocol === 'https:' ? 'https' : 'http',
    database,
    username: settings.username ?? 'root',
    password: settings.password ?? 'root',
    pool: { requestTimeout: REQUEST_MS, maxRetries: 0 },
  })
  let known = false

  async function create(): Promise<void> {
    try {
      await client.createDatabase(database)
    } catch (error) {
      // Stores that only take its line protocol have no databases; a write shows whether it matters.
      if (statusOf(error) === undefined) throw error
    }
    known = true
  }

  return {
    async write(points) {
      if (!known) await create()
      try {
        await client.writePoints(points.map(row), { database, precision: 'ms' })
      } catch (error) {
        const status = statusOf(error)
        // 404: the database was dropped; made again before the next try.
        if (status === 404) known = false
        else if (status !== undefined && status >= 400 && status < 500 && status !== 429)
          throw new PointsRefused((error as Error).message, { cause: error })
        throw error
      }
    },
  }
}

function row(point: Point) {
  return {
    measurement: point.measurement,
    tags: { ...point.tags },
    fields: { ...point.fields },
    timestamp: point.atMs,
  }
}

/** HTTP status of an error of the client; undefined when no answer came. */
function statusOf(error: unknown): number | undefined {
  return (error as { res?: { statusCode?: number } }).res?.statusCode
}
