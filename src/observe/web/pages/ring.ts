/** Who is in the ring, who keeps a name, and how another machine gets in. */
import { useState } from 'preact/hooks'
import { encode } from 'uqr'
import type { InvitedView } from '../../dashboard-views.ts'
import type { ChunkView, RingView, StatusView } from '../../views.ts'
import { ask, type Refused, tell } from '../api.ts'
import { date, ms } from '../format.ts'
import { html } from '../html.ts'
import { Loading, Panel, refusedOf, Trouble, useAsked } from '../parts.ts'
import { session } from '../state.ts'
import { t } from '../texts.ts'
import { short } from './explain.ts'

const AGAIN_MS = 3_000

export function Ring() {
  const { value, error } = useAsked<StatusView>('/status', {}, AGAIN_MS)
  const [chunk, setChunk] = useState<ChunkView | undefined>(undefined)
  if (value === undefined) return error === undefined ? html`<${Loading} />` : html`<${Trouble} error=${error} />`
  const { ring, chunks } = value
  if (ring === null) return html`<p class="note">${t('ring.none')}</p>`
  return html`<div class="columns">
      <${Panel} title=${t('ring.title', { id: ring.ringId })}>
        <${Circle} ring=${ring} chunk=${chunk} />
        <ul class="paces">${(['near', 'middling', 'far'] as const).map((pace) => html`<li class=${pace}>${t(`ring.pace.${pace}`)}</li>`)}</ul>
        <p class="muted">${t('ring.successors')}${chunks === null ? '' : ` ${t('ring.skew', { ms: ms(Math.abs(chunks['skewMs'] ?? 0)) })}`}</p>
        <${Find} chunk=${chunk} setChunk=${setChunk} />
      <//>
      <${Panel} title=${t('ring.invite')}><${Invite} /><//>
    </div>
    <${Panel} title=${t('ring.members')} wide><${Members} ring=${ring} chunk=${chunk} /><//>`
}

function Find({ chunk, setChunk }: { chunk: ChunkView | undefined; setChunk: (next: ChunkView | undefined) => void }) {
  const [error, setError] = useState<Refused | undefined>(undefined)
  const submit = (event: Event) => {
    event.preventDefault()
    const name = String(new FormData(event.target as HTMLFormElement).get('name')).trim()
    ask<ChunkView>('/chunk', { name }).then(
      (next) => {
        setChunk(next)
        setError(undefined)
      },
      (failure: unknown) => setError(refusedOf(failure)),
    )
  }
  return html`<form class="bar" onSubmit=${submit}>
      <label>${t('ring.find')}<input name="name" required autocapitalize="none" spellcheck=${false} /></label>
      <button type="submit">${t('ring.mark')}</button>
    </form>
    <${Trouble} error=${error} />
    ${chunk === undefined ? null : html`<p role="status">${chunk.name} · chunk ${chunk.chunk} · ${chunk.replicas.length} / ${chunk.n}</p>`}`
}

/** Half of the picture's side, and the radius of the ring: what is left at both sides is for labels. */
const HALF = 280
const RADIUS = 130
/** With more members only this node, its successors and replicas have labels. */
const LABELLED = 16

function Circle({ ring, chunk }: { ring: RingView; chunk: ChunkView | undefined }) {
  const seats = new Map(chunk?.replicas.map(({ id }, i) => [id, i + 1]))
  const from = at(turnOf(ring.id), RADIUS)
  const size = Math.max(4, Math.min(11, 300 / ring.members.length))
  const named = ring.members
    .map((member) => ({ turn: turnOf(member.id), lines: linesOf(member, seats.get(member.id)) }))
    .filter(
      ({ lines }, i) =>
        ring.members.length <= LABELLED || lines.length > 1 || ring.successors.includes(ring.members[i]!.id),
    )
  return html`<svg class="ring" viewBox=${`${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}`} role="img" aria-label=${`${t('ring.picture')}: ${ring.members.length}`}>
    <circle class="circle" r=${RADIUS} />
    ${ring.successors.map((id) => {
      const to = at(turnOf(id), RADIUS)
      return html`<path class="successor" d=${`M${from.x} ${from.y}Q${(from.x + to.x) / 3} ${(from.y + to.y) / 3} ${to.x} ${to.y}`} />`
    })}
    ${chunk === undefined ? null : html`<${Key} id=${chunk.key} />`}
    ${[false, true].map((isRight) => html`<${Labels} named=${named.filter(({ turn }) => turn < 0.5 === isRight)} isRight=${isRight} />`)}
    ${ring.members.map((member) => html`<${Member} key=${member.id} member=${member} size=${size} isReplica=${seats.has(member.id)} />`)}
  </svg>`
}

type RingMember = RingView['members'][number]

function linesOf(member: RingMember, seat: number | undefined): string[] {
  const marks = [member.self ? t('ring.self') : '', seat === undefined ? '' : t('ring.replica', { n: seat })]
  return [
    (member.name ?? member.id).slice(0, member.name === undefined ? 8 : 12),
    ...marks.filter((mark) => mark !== ''),
  ]
}

function Member({ member, size, isReplica }: { member: RingMember; size: number; isReplica: boolean }) {
  const { id, peer, addresses, self, suspect, replyMs } = member
  const { x, y } = at(turnOf(id), RADIUS)
  const pace = replyMs === undefined ? '' : replyMs < 20 ? 'near' : replyMs < 100 ? 'middling' : 'far'
  const kind = ['member', self ? 'self' : suspect ? 'suspect' : pace, isReplica ? 'replica' : ''].join(' ')
  const title = [id, peer, ...(replyMs === undefined ? [] : [ms(replyMs)]), ...addresses].join('\n')
  return html`<g><title>${title}</title><circle class=${kind} cx=${x} cy=${y} r=${size} /></g>`
}

/** Of a line of a label, and between two labels. */
const LINE = 17
const GAP = 6
/** From the ring to the labels. */
const AWAY = 28

interface Named {
  readonly turn: number
  readonly lines: readonly string[]
}

/** One below the other at one side, each as near to its member as the others let it: none leaves the picture or covers another. */
function Labels({ named, isRight }: { named: readonly Named[]; isRight: boolean }) {
  const sorted = named
    .map(({ turn, lines }) => ({ lines, point: at(turn, RADIUS), height: LINE * lines.length + GAP }))
    .sort((one, other) => one.point.y - other.point.y)
  const tops: number[] = []
  for (const [i, { point, height }] of sorted.entries()) {
    const least = i === 0 ? -HALF + GAP : tops[i - 1]! + sorted[i - 1]!.height
    tops.push(Math.max(least, point.y - height / 2))
  }
  for (let i = sorted.length - 1, most = HALF - GAP; i >= 0; i--) {
    tops[i] = Math.min(tops[i]!, most - sorted[i]!.height)
    most = tops[i]!
  }
  const x = (isRight ? 1 : -1) * (RADIUS + AWAY)
  return html`<g>
    ${sorted.map(({ lines, point, height }, i) => {
      const top = tops[i]!
      const edge = x - (isRight ? 4 : -4)
      return html`<path class="leader" d=${`M${point.x} ${point.y}L${edge} ${top + height / 2}`} />
        <text text-anchor=${isRight ? 'start' : 'end'}>
          ${lines.map((line, j) => html`<tspan class=${j === 0 ? '' : 'mark'} x=${x} y=${top + GAP / 2 + LINE * j + 13}>${line}</tspan>`)}
        </text>`
    })}
  </g>`
}

function Key({ id }: { id: string }) {
  const [inner, outer] = [at(turnOf(id), RADIUS - 16), at(turnOf(id), RADIUS + 16)]
  return html`<line class="key-mark" x1=${inner.x} y1=${inner.y} x2=${outer.x} y2=${outer.y} />`
}

function at(turn: number, radius: number) {
  const angle = 2 * Math.PI * turn
  const round = (value: number) => Math.round(value * 10) / 10
  return { x: round(radius * Math.sin(angle)), y: round(-radius * Math.cos(angle)) }
}

/** Where on the ring an id is, from 0 to 1. */
function turnOf(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16) / 2 ** 32
}

function Members({ ring, chunk }: { ring: RingView; chunk: ChunkView | undefined }) {
  const seats = new Map(chunk?.replicas.map(({ id }, i) => [id, i + 1]))
  return html`<table class="cards">
    <thead><tr><th scope="col">Id</th><th scope="col">${t('ring.state')}</th><th scope="col">${t('ring.reply')}</th><th scope="col">${t('ring.peer')}</th><th scope="col">${t('ring.addresses')}</th></tr></thead>
    <tbody>
      ${ring.members.map(
        (member) => html`<tr key=${member.id}>
          <td>${member.name === undefined ? null : html`<b>${member.name}</b> `}<code>${member.id.slice(0, 8)}</code>${member.self ? html` <b>${t('word.this')}</b>` : null}${seats.has(member.id) ? html` <b>${t('ring.replica', { n: seats.get(member.id)! })}</b>` : null}</td>
          <td>${member.suspect ? t('ring.suspect') : member.status === 'alive' ? t('ring.alive') : member.status}</td>
          <td>${member.replyMs === undefined ? '–' : ms(member.replyMs)}</td>
          <td><code>${short(member.peer)}</code></td>
          <td class="name">${member.addresses.map((one) => one.replace(/\/p2p\/.*/, '')).join('  ')}</td>
        </tr>`,
      )}
    </tbody>
  </table>`
}

function Invite() {
  const [invited, setInvited] = useState<InvitedView | undefined>(undefined)
  const [error, setError] = useState<Refused | undefined>(undefined)
  if (session.value?.isOwner !== true) return html`<p>${t('ring.signIn')}</p>`
  const make = () =>
    tell<InvitedView>('/ring/invitation').then(setInvited, (failure: unknown) => setError(refusedOf(failure)))
  return html`<p>${t('ring.inviteHint')}</p>
    <button type="button" onClick=${make}>${t('ring.makeInvite')}</button>
    <${Trouble} error=${error} />
    ${invited === undefined ? null : html`<${Token} invited=${invited} />`}`
}

function Token({ invited: { token, expires } }: { invited: InvitedView }) {
  const [isCopied, setCopied] = useState(false)
  const copy = () => navigator.clipboard?.writeText(token).then(() => setCopied(true))
  return html`<${QrCode} text=${token} />
    <p class="muted">${t('ring.until', { time: date(expires) })}</p>
    <pre class="token" tabindex="0">${token}</pre>
    <button type="button" onClick=${copy}>${isCopied ? t('word.copied') : t('word.copy')}</button>`
}

/** Black on white in dark colours, too: not every camera reads it the other way round. */
function QrCode({ text }: { text: string }) {
  const { data, size } = encode(text, { ecc: 'L', border: 4 })
  const path = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return html`<svg class="qr" viewBox=${`0 0 ${size} ${size}`} role="img" aria-label=${t('ring.qr')}>
    <rect width=${size} height=${size} fill="#fff" /><path d=${path} fill="#000" shape-rendering="crispEdges" />
  </svg>`
}
