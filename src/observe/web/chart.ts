/** Lines over time. The numbers stand in a table beside it for whoever cannot see them. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { html } from './html.ts'
import { language, t } from './texts.ts'

export interface Line {
  readonly label: string
  /** Name of a colour in style.css. */
  readonly colour: string
}

export interface ChartProps {
  readonly title: string
  readonly lines: readonly Line[]
  /** Unix seconds, then the values of each line. */
  readonly data: readonly (readonly number[])[]
  readonly theme: string
}

const HEIGHT = 190

export function Chart({ title, lines, data, theme }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const shape = `${theme} ${language.value} ${lines.map(({ label }) => label).join()}`
  useEffect(() => {
    const made = new uPlot(optionsOf(lines, place.current!), data as unknown as uPlot.AlignedData, place.current!)
    plot.current = made
    const box = place.current!
    const watch = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT }))
    watch.observe(box)
    return () => {
      watch.disconnect()
      made.destroy()
    }
  }, [shape])
  useEffect(() => plot.current?.setData(data as unknown as uPlot.AlignedData), [data])
  const last = lines.map(({ label }, i) => `${label}: ${data[i + 1]?.at(-1) ?? 0}`).join(', ')
  return html`<figure class="chart" role="img" aria-label=${`${title}. ${last}`}><div ref=${place}></div></figure>`
}

function optionsOf(lines: readonly Line[], place: HTMLElement): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => readColour(style.getPropertyValue(`--${name}`))
  const axis = { stroke: colour('muted'), grid: { stroke: colour('grid'), width: 1 }, ticks: { show: false } }
  const font = '12px system-ui, sans-serif'
  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    cursor: { y: false },
    legend: { live: true },
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, font, size: 28, space: 80, values: (_, splits) => splits.map((at) => timeText(at, isShort(splits))) },
      { ...axis, font, size: 46, values: (_, splits) => splits.map((one) => one.toLocaleString(language.value)) },
    ],
    series: [
      { label: t('overview.series.time'), value: (_, at) => (at === null ? '–' : timeText(at, true)) },
      ...lines.map(({ label, colour: name }, i) => ({
        label,
        stroke: colour(name),
        width: 2,
        points: { show: false },
        // Not by colour alone.
        dash: i === 0 ? [] : [6, 3 * i],
        value: (_: uPlot, value: number | null) => (value === null ? '–' : value.toLocaleString(language.value)),
      })),
    ],
  }
}

/** Several of them are in one minute. */
function isShort(splits: readonly number[]): boolean {
  return splits.length > 1 && splits[1]! - splits[0]! < 60
}

function timeText(at: number, hasSeconds: boolean): string {
  const parts = { hour: '2-digit', minute: '2-digit', hour12: false } as const
  return new Date(at * 1_000).toLocaleTimeString(language.value, { ...parts, ...(hasSeconds && { second: '2-digit' }) })
}

/** A canvas does not know `light-dark()`: what a browser makes of it for an element does. */
function readColour(value: string): string {
  const probe = document.createElement('span')
  probe.style.color = value
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
