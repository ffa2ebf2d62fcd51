import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { SeriesView } from '#protocol/http/assetView'
import { FetchError, fetchJson } from '../data/fetchJson.ts'
import { nodeNow } from '../data/nodeClock.ts'
import { type AssetContext, MetricFigure } from './assetFigures.tsx'
import { useMedia } from './useMedia.ts'
import { withGaps } from './withGaps.ts'

const CHARTS = [
  { metric: 'powerDrawW', title: 'Power', unit: 'W', scale: 1 },
  { metric: 'temperatureGpuC', title: 'Temperature', unit: '°C', scale: 1 },
  { metric: 'utilizationGpuPct', title: 'Utilization', unit: '%', scale: 1 },
  { metric: 'memoryUsedBytes', title: 'Memory', unit: 'GiB', scale: 1024 ** 3 },
] as const
const SPANS = [
  { text: '15 min', ms: 900_000 },
  { text: '6 h', ms: 21_600_000 },
  { text: '7 d', ms: 604_800_000 },
] as const
const REFRESH_MS = 5000
const HEIGHT = 150

/** Power, temperature, utilization and memory of one device over time; a gap in the readings is a gap in the line. */
export function Charts({ context }: { readonly context: AssetContext }) {
  const { assetId } = context.asset
  const [span, setSpan] = useState<number>(SPANS[0].ms)
  const [series, setSeries] = useState<SeriesView | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let gone = false
    const load = async (): Promise<void> => {
      const names = CHARTS.map(({ metric }) => `metric=${metric}`).join('&')
      const since = Math.max(0, Math.floor(nodeNow() - span))
      try {
        const found = await fetchJson<SeriesView>(
          `/api/v1/assets/${assetId}/series?${names}&since=${since}&max=600`,
        )
        if (!gone) setSeries(found)
        if (!gone) setProblem(null)
      } catch (error) {
        if (!gone) setProblem(error instanceof FetchError ? error.message : 'no series')
      }
    }
    void load()
    const timer = setInterval(load, REFRESH_MS)
    return () => {
      gone = true
      clearInterval(timer)
    }
  }, [assetId, span])
  return (
    <section class="card" aria-labelledby="charts-title">
      <div class="card-head">
        <h2 id="charts-title">Readings over time</h2>
        <fieldset class="spans" aria-label="Time shown" data-page>
          {SPANS.map(({ text, ms }) => (
            <button key={text} type="button" aria-pressed={span === ms} onClick={() => setSpan(ms)}>
              {text}
            </button>
          ))}
        </fieldset>
      </div>
      {problem ? (
        <p class="check-bad" data-page>
          The node gives no series: {problem}
        </p>
      ) : null}
      <div class="charts">
        {CHARTS.map((chart) => (
          <figure key={chart.metric}>
            <figcaption>
              {chart.title}, {chart.unit}
              <MetricFigure context={context} metric={chart.metric} />
            </figcaption>
            <Chart series={series} {...chart} />
          </figure>
        ))}
      </div>
      <p class="muted">
        Times are UTC. The lines are the node’s archive as the node draws it; the newest values beside them
        can be verified.
      </p>
    </section>
  )
}

function Chart(props: {
  readonly series: SeriesView | null
  readonly metric: string
  readonly title: string
  readonly unit: string
  readonly scale: number
}) {
  const { series, metric, title, unit, scale } = props
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const dark = useMedia('(prefers-color-scheme: dark)')
  const data = withGaps(series?.times ?? [], series?.series[metric] ?? [], scale)
  const empty = data[1].every((value) => value === null)
  useEffect(() => {
    const element = box.current
    if (!element) return
    const made = new uPlot(options(element, title, unit), [[], []], element)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [title, unit, dark])
  useEffect(() => plot.current?.setData([data[0], data[1]]))
  return (
    <>
      <div
        ref={box}
        class="chart"
        role="img"
        aria-label={`${title} over time`}
        data-chart={metric}
        hidden={empty}
      />
      {empty ? (
        <p class="chart-empty muted">{series ? 'No readings in this time.' : 'Asking the node.'}</p>
      ) : null}
    </>
  )
}

function options(element: HTMLElement, title: string, unit: string): uPlot.Options {
  const style = getComputedStyle(element)
  const ink = style.getPropertyValue('--muted')
  const line = { stroke: style.getPropertyValue('--line'), width: 1 }
  const axis = { stroke: ink, grid: line, ticks: line, font: '11px system-ui' }
  return {
    width: element.clientWidth || 300,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: { y: false },
    legend: { show: false },
    scales: { y: { range: (_plot, low, high) => [Math.min(0, low ?? 0), Math.max((high ?? 1) * 1.1, 1)] } },
    axes: [
      { ...axis, space: 70, values: (_plot, at, _axis, _space, step) => at.map((s) => utcLabel(s, step)) },
      { ...axis, size: 44 },
    ],
    series: [
      {},
      {
        label: `${title}, ${unit}`,
        stroke: style.getPropertyValue('--accent'),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
      },
    ],
  }
}

/** A time on the axis, as fine as the step between two of them. */
function utcLabel(seconds: number, step: number): string {
  const text = new Date(seconds * 1000).toISOString()
  if (step >= 86_400) return text.slice(5, 10)
  return text.slice(11, step < 60 ? 19 : 16)
}
