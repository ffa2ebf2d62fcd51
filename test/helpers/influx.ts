import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, freePort, missing, type RealServer, startServer } from './realServer.ts'

/** Why InfluxDB cannot be used here, or undefined. */
export const noInflux = (): string | undefined => missing('influxd', 'influxdb')

export type Influx = RealServer & {
  readonly port: number
  /** Rows of an InfluxQL query. */
  query(database: string, query: string): Promise<Record<string, unknown>[]>
}

/** InfluxDB 1.x on loopback with its data in a temporary folder; `folder` keeps the data over a restart. */
export async function startInflux(options: { port?: number; folder?: string } = {}): Promise<Influx> {
  const port = options.port ?? (await freePort())
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'assay-influx-'))
  const file = join(folder, 'influx.conf')
  writeFileSync(
    file,
    [
      'reporting-disabled = true',
      `bind-address = "127.0.0.1:${await freePort()}"`,
      `[meta]\ndir = "${folder}/meta"`,
      `[data]\ndir = "${folder}/data"\nwal-dir = "${folder}/wal"\nindex-version = "tsi1"`,
      `[http]\nbind-address = "127.0.0.1:${port}"\nlog-enabled = false`,
      '[monitor]\nstore-enabled = false',
      '',
    ].join('\n'),
  )
  const server = await startServer(findProgram('influxd') as string, ['-config', file], port)
  return {
    ...server,
    port,
    async query(database, query) {
      const url = `http://127.0.0.1:${port}/query?db=${database}&epoch=ms&q=${encodeURIComponent(query)}`
      const answer = (await (await fetch(url)).json()) as {
        results: { series?: { columns: string[]; values: unknown[][]; tags?: object }[] }[]
      }
      return answer.results.flatMap((result) =>
        (result.series ?? []).flatMap((series) =>
          series.values.map((values) => ({
            ...series.tags,
            ...Object.fromEntries(series.columns.map((column, i) => [column, values[i]])),
          })),
        ),
      )
    },
    async stop(signal) {
      await server.stop(signal)
      if (!options.folder) rmSync(folder, { recursive: true, force: true })
    },
  }
}
