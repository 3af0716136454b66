/** Line charts as SVG text: enough for the pictures of the benchmarks, and nothing to install. */

export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
  /** A bound or another system's figures, rather than something measured here. */
  readonly dashed?: boolean
}

export interface Chart {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  /** Logarithmic to this base; linear if left out. */
  readonly xBase?: number
  readonly xTicks: readonly { readonly at: number; readonly text: string }[]
  readonly series: readonly Series[]
}

/** Told apart also by those who do not see red and green (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#777777']
const WIDTH = 860
const HEIGHT = 440
const MARGIN = { top: 44, right: 200, bottom: 52, left: 60 }
const LABEL_GAP = 15

/** One or more charts, one above the other. */
export function chartsSvg(charts: readonly Chart[]): string {
  const height = charts.length * HEIGHT
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...charts.map((chart, i) => `<g transform="translate(0 ${i * HEIGHT})">\n${chartBody(chart)}\n</g>`),
    '</svg>',
    '',
  ].join('\n')
}

function chartBody(chart: Chart): string {
  const { title, xLabel, yLabel, xBase, xTicks, series } = chart
  const scale = (x: number) => (xBase === undefined ? x : Math.log(x) / Math.log(xBase))
  const xs = [...series.flatMap(({ points }) => points.map(([x]) => scale(x))), ...xTicks.map(({ at }) => scale(at))]
  const xMin = Math.min(...xs)
  const xSpan = Math.max(...xs) - xMin || 1
  const ys = yTicks(Math.max(0, ...series.flatMap(({ points }) => points.map(([, y]) => y))))
  const yMax = ys.at(-1)!
  const right = WIDTH - MARGIN.right
  const bottom = HEIGHT - MARGIN.bottom
  const left = (x: number) => round(MARGIN.left + ((scale(x) - xMin) / xSpan) * (right - MARGIN.left))
  const top = (y: number) => round(bottom - (y / yMax) * (bottom - MARGIN.top))
  const grid = ys.flatMap((y) => [
    `<line x1="${MARGIN.left}" y1="${top(y)}" x2="${right}" y2="${top(y)}" stroke="#dddddd"/>`,
    `<text x="${MARGIN.left - 8}" y="${top(y) + 4}" text-anchor="end" fill="#444444">${y}</text>`,
  ])
  const ticks = xTicks.map(
    ({ at, text }) =>
      `<text x="${left(at)}" y="${bottom + 18}" text-anchor="middle" fill="#444444">${xmlText(text)}</text>`,
  )
  const drawn = series.filter(({ points }) => points.length > 0)
  const lines = drawn.map(({ points, dashed }, i) => {
    const path = points.map(([x, y], j) => `${j === 0 ? 'M' : 'L'}${left(x)} ${top(y)}`).join('')
    const dash = dashed === true ? ' stroke-dasharray="5 4"' : ''
    return `<path d="${path}" fill="none" stroke="${colour(i)}" stroke-width="2"${dash}/>`
  })
  const dots = drawn.flatMap(({ points, dashed }, i) =>
    dashed === true
      ? []
      : points.map(([x, y]) => `<circle cx="${left(x)}" cy="${top(y)}" r="2.5" fill="${colour(i)}"/>`),
  )
  const middle = (MARGIN.top + bottom) / 2
  return [
    `<text x="${MARGIN.left}" y="24" font-size="15" font-weight="bold">${xmlText(title)}</text>`,
    ...grid,
    ...ticks,
    `<text x="${(MARGIN.left + right) / 2}" y="${bottom + 40}" text-anchor="middle">${xmlText(xLabel)}</text>`,
    `<text x="16" y="${middle}" text-anchor="middle" transform="rotate(-90 16 ${middle})">${xmlText(yLabel)}</text>`,
    ...lines,
    ...dots,
    ...labels(drawn, right, top),
  ].join('\n')
}

/** Each line's name at its end, moved apart where they would touch. */
function labels(series: readonly Series[], right: number, top: (y: number) => number): string[] {
  const ends = series
    .map(({ name, points }, i) => ({ name, colour: colour(i), y: top(points.at(-1)![1]) }))
    .sort((a, b) => a.y - b.y)
  let last = Number.NEGATIVE_INFINITY
  for (const end of ends) {
    end.y = Math.max(end.y, last + LABEL_GAP)
    last = end.y
  }
  // What was pushed below the axis moves up again.
  let limit = HEIGHT - MARGIN.bottom
  for (const end of ends.toReversed()) {
    end.y = Math.min(end.y, limit)
    limit = end.y - LABEL_GAP
  }
  return ends.map(
    ({ name, colour, y }) => `<text x="${right + 10}" y="${round(y + 4)}" fill="${colour}">${xmlText(name)}</text>`,
  )
}

/** 0 and about five round steps up to at least `max`. */
function yTicks(max: number): number[] {
  if (max === 0) return [0, 1]
  const rough = max / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, i) => Number((i * step).toPrecision(6)))
}

const colour = (i: number): string => COLOURS[i % COLOURS.length]!

const round = (value: number): number => Math.round(value * 10) / 10

const xmlText = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char]!)
