/** One look-up as a picture: the servers on the way, the replicas of the name, and who vouches for the answer. */
import { useEffect, useState } from 'preact/hooks'
import type { LookupView, StepView } from '../../views.ts'
import { ask, type Refused } from '../api.ts'
import { bare, clock, ms } from '../format.ts'
import { html } from '../html.ts'
import { Loading, Panel, refusedOf, Trouble } from '../parts.ts'
import { link, route } from '../state.ts'
import { maybe, t } from '../texts.ts'

const TYPES = [
  'A',
  'AAAA',
  'HTTPS',
  'MX',
  'TXT',
  'NS',
  'SOA',
  'CNAME',
  'DS',
  'DNSKEY',
  'PTR',
  'SRV',
  'CAA',
  'TLSA',
] as const

export function Explain() {
  const { query } = route.value
  const [name, type] = [query.get('name') ?? '', query.get('type') ?? 'A']
  const [view, setView] = useState<LookupView | undefined>(undefined)
  const [error, setError] = useState<Refused | undefined>(undefined)
  const [isBusy, setBusy] = useState(false)
  useEffect(() => {
    if (name === '') return
    setBusy(true)
    ask<LookupView>('/lookup', { name, type, explain: 1 })
      .then(
        (next) => {
          setView(next)
          setError(undefined)
        },
        (failure: unknown) => {
          setView(undefined)
          setError(refusedOf(failure))
        },
      )
      .finally(() => setBusy(false))
  }, [name, type, query])
  return html`<p class="muted">${t('explain.intro')}</p>
    <${AskForm} key=${`${name} ${type}`} name=${name} type=${type} />
    <${Trouble} error=${error} />
    ${isBusy ? html`<${Loading} />` : view === undefined ? null : html`<${Picture} view=${view} />`}`
}

function AskForm({ name, type }: { name: string; type: string }) {
  const submit = (event: Event) => {
    event.preventDefault()
    const given = new FormData(event.target as HTMLFormElement)
    location.hash = link('explain', { name: String(given.get('name')).trim(), type: String(given.get('type')) })
  }
  const types = TYPES.some((one) => one === type) ? TYPES : [type, ...TYPES]
  return html`<form class="bar" onSubmit=${submit}>
    <label>${t('word.name')}<input name="name" required maxlength="1004" value=${bare(name)} autocapitalize="none" spellcheck=${false} /></label>
    <label>${t('word.type')}<select name="type" defaultValue=${type}>${types.map((one) => html`<option value=${one} selected=${one === type}>${one}</option>`)}</select></label>
    <button type="submit">${t('explain.go')}</button>
  </form>`
}

function Picture({ view }: { view: LookupView }) {
  const replies = view.steps.flatMap((step) => step.replies ?? [])
  return html`<div class="columns">
      <${Panel} title=${t('explain.answer')}>
        <p><b>${view.rcode}</b> · ${maybe(`explain.security.${view.security}`)} · ${t('explain.total', { ms: ms(view.elapsedMs) })}</p>
        ${view.answers.length === 0 ? html`<p class="muted">${t('explain.noAnswer')}</p>` : html`<pre tabindex="0">${view.answers.join('\n')}</pre>`}
        ${view.ede.map(({ code, text }) => html`<p class="trouble">${maybe(`ede.${code}`, `EDE ${code}`)}${text === '' ? '' : `: ${text}`}</p>`)}
      <//>
      <${Panel} title=${t('explain.signed')}><${Vouchers} view=${view} /><//>
    </div>
    <${Panel} title=${t('explain.path')} wide><${Way} steps=${view.steps} /><//>
    ${replies.length === 0 ? null : html`<${Panel} title=${t('explain.replicas')} wide><${Replicas} replies=${replies} /><//>`}`
}

/** Who saw it or signed it, for each link of the answer. */
function Vouchers({ view: { findings } }: { view: LookupView }) {
  return html`${findings.map(
    ({ question, security, provenance, observers, observations }) => html`<h3>${question}</h3>
      <p><${Badge2} security=${security} provenance=${provenance} /></p>
      ${
        observations.length > 0
          ? html`<ul>${observations.map(({ observer, when }) => html`<li><code>${short(observer)}</code> ${t('explain.saw', { when: clock(when) })}</li>`)}</ul>`
          : security === 'secure'
            ? html`<p>${t('explain.zone')}</p>`
            : observers.length > 0
              ? html`<ul>${observers.map((one) => html`<li><code>${short(one)}</code></li>`)}</ul>`
              : html`<p>${t('explain.alone')}</p>`
      }`,
  )}`
}

function Badge2({ security, provenance }: { security: string; provenance: string }) {
  const outcome = security === 'secure' ? 'secure' : provenance
  return html`<span class=${`badge ${outcome}`}>${maybe(`outcome.${outcome}`)}</span>`
}

/** From the node down to the zone that has the answer: a dot for each step, a bar for its time. */
function Way({ steps }: { steps: readonly StepView[] }) {
  const shown = steps.filter(({ kind }) => kind !== 'told')
  const longest = Math.max(1, ...shown.map(({ elapsedMs = 0 }) => elapsedMs))
  if (shown.length === 0) return html`<p class="muted">${t('explain.nobody')}</p>`
  return html`<ol class="way">
    ${shown.map(
      (step) => html`<li class=${step.kind}>
        <svg class="dot" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><circle cx="12" cy="12" r="8" /></svg>
        <div>
          <p><b>${step.zone === undefined ? maybe(`explain.step.${step.kind}`, step.kind) : step.zone === '.' ? '. (root)' : bare(step.zone)}</b> <span class="muted">${step.question}</span></p>
          <p class="text">${step.text}</p>
          ${step.server === undefined ? null : html`<p class="muted"><code>${step.server}</code> ${step.protocol ?? ''}</p>`}
        </div>
        <div class="time">
          ${step.elapsedMs === undefined || step.elapsedMs < 0.05 || step.kind === 'winner' ? null : html`<span class="line" style=${{ width: `${Math.max(2, (100 * step.elapsedMs) / longest)}%` }}></span><span>${ms(step.elapsedMs)}</span>`}
        </div>
      </li>`,
    )}
  </ol>`
}

function Replicas({ replies }: { replies: NonNullable<StepView['replies']> }) {
  return html`<ul class="replies">
    ${replies.map(
      ({ peer, said, detail, elapsedMs }) =>
        html`<li class=${said}><code>${short(peer)}</code> <b>${said}</b> <span class="muted">${detail} ${ms(elapsedMs)}</span></li>`,
    )}
  </ul>`
}

/** The end of a peer id differs. */
export function short(peer: string): string {
  return peer.length > 12 ? `…${peer.slice(-8)}` : peer
}
