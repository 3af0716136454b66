/** The ring as a picture: members at their places on the circle, clockwise from the top, as one node knows them. */
import type { ChunkView, RingView } from '../../observe/index.ts'
import { limits } from '../limits.ts'

const SIZE = 900
const CENTRE = SIZE / 2
const RADIUS = 290
/** Characters of a name beside the circle: more would be cut at the edge. */
const LABEL = 16

interface Point {
  readonly x: number
  readonly y: number
}

/** SVG 1.1. `chunk`: the chunk whose replicas are marked. */
export function ringPicture(ring: RingView, chunk: ChunkView | undefined): string {
  const seats = new Map(chunk?.replicas.map(({ id }, i) => [id, i + 1]))
  const labelled = ring.members.length <= limits.MAX_LABELS
  const dot = Math.max(2, Math.min(9, 400 / ring.members.length))
  const members = ring.members.map((member) => {
    const turn = turnOf(member.id)
    const { x, y } = at(turn, RADIUS)
    const seat = seats.get(member.id)
    const kind = [member.self ? 'self' : '', member.suspect ? 'suspect' : '', seat === undefined ? '' : 'replica']
    const title = `${member.name === undefined ? '' : `${member.name}\n`}${member.id}\n${member.peer}\n${member.status}${member.suspect ? ', suspect' : ''}\n${member.addresses.join('\n')}`
    const label = labelled || member.self || seat !== undefined ? labelOf(member, turn, seat) : ''
    return `<g><title>${escaped(title)}</title><circle class="${['member', ...kind].filter(Boolean).join(' ')}" cx="${n(x)}" cy="${n(y)}" r="${n(dot)}"/>${label}</g>`
  })
  const arrows = ring.successors.map((id, i) => {
    const [from, to] = [at(turnOf(ring.id), RADIUS), at(turnOf(id), RADIUS)]
    // Bent inwards, so that near neighbours can be told apart.
    const middle = { x: (from.x + to.x + CENTRE) / 3, y: (from.y + to.y + CENTRE) / 3 }
    return `<path class="${i === 0 ? 'first' : 'next'}" d="M${n(from.x)} ${n(from.y)}Q${n(middle.x)} ${n(middle.y)} ${n(to.x)} ${n(to.y)}"/>`
  })
  const key = chunk === undefined ? [] : keyMark(chunk)
  const text = [
    `ring ${ring.ringId}: ${ring.members.length} members, n = ${ring.n}${ring.joined ? '' : ', joining'}`,
    `seen by ${ring.id.slice(0, 8)}; lines to its ${ring.successors.length} successors`,
    ...(chunk === undefined ? [] : [`${chunk.name}: chunk ${chunk.chunk}, replicas 1 to ${chunk.replicas.length}`]),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}" font-family="sans-serif" font-size="13">
<style>
svg{background:#fff;color:#222}.ring{fill:none;stroke:#bbb}.member{fill:#4477aa}.member.self{fill:#cc3311}
.member.suspect{fill:#fff;stroke:#999;stroke-dasharray:2 2}.member.replica{stroke:#ee9900;stroke-width:4}
.first{fill:none;stroke:#cc3311;stroke-width:2}.next{fill:none;stroke:#cc3311;stroke-opacity:.35}
.key{stroke:#ee9900;stroke-width:3}text{fill:#222}.mark{font-weight:bold}
</style>
<circle class="ring" cx="${CENTRE}" cy="${CENTRE}" r="${RADIUS}"/>
${[...arrows, ...key, ...members].join('\n')}
${text.map((line, i) => `<text x="16" y="${26 + 19 * i}">${escaped(line)}</text>`).join('\n')}
</svg>
`
}

function keyMark({ key }: ChunkView): string[] {
  const turn = turnOf(key)
  const [inner, outer] = [at(turn, RADIUS - 14), at(turn, RADIUS + 14)]
  return [
    `<line class="key" x1="${n(inner.x)}" y1="${n(inner.y)}" x2="${n(outer.x)}" y2="${n(outer.y)}"><title>key ${key}</title></line>`,
  ]
}

function labelOf({ id, self, name }: RingView['members'][number], turn: number, seat: number | undefined): string {
  const { x, y } = at(turn, RADIUS + 18)
  const degrees = turn * 360 - 90
  // Never upside down.
  const left = turn > 0.5
  const mark = [self ? 'this node' : '', seat === undefined ? '' : `replica ${seat}`].filter(Boolean).join(', ')
  const text = `${name === undefined ? id.slice(0, 8) : escaped(name.slice(0, LABEL))}${mark === '' ? '' : ` <tspan class="mark">${mark}</tspan>`}`
  return `<text x="${n(x)}" y="${n(y)}" dy="4" text-anchor="${left ? 'end' : 'start'}" transform="rotate(${n(left ? degrees + 180 : degrees)} ${n(x)} ${n(y)})">${text}</text>`
}

/** Where on the ring an id is, from 0 to 1: its first 32 bits are more than a picture can show. */
function turnOf(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16) / 2 ** 32
}

function at(turn: number, radius: number): Point {
  const angle = 2 * Math.PI * turn
  return { x: CENTRE + radius * Math.sin(angle), y: CENTRE - radius * Math.cos(angle) }
}

const n = (value: number) => value.toFixed(1)

/** What members say of themselves is not trusted to be no markup. */
function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}
