/** Lists, pauses and own rules. */
import { useState } from 'preact/hooks'
import { type Refused, tell } from '../api.ts'
import { clock, count, date } from '../format.ts'
import { html } from '../html.ts'
import { Loading, refusedOf, Trouble, useAsked } from '../parts.ts'
import { type TextKey, t } from '../texts.ts'

/** What `/filter` says, as far as it is shown. */
interface FilterState {
  readonly lists: readonly {
    readonly name: string
    readonly entries?: number
    readonly updatedAt?: number | null
    readonly trouble?: string | null
  }[]
  readonly pauses: readonly { readonly until: number }[]
  readonly own?: { readonly all?: readonly string[] }
}

const PAUSES = [5, 60] as const

export function Blocking() {
  const { value, error, again } = useAsked<FilterState>('/filter', {}, 5_000)
  const [failed, setFailed] = useState<Refused | undefined>(undefined)
  const [done, setDone] = useState<readonly [TextKey, string] | undefined>(undefined)
  if (error?.code === 'NOT_FOUND') return html`<p class="note">${t('rules.missing')}</p>`
  if (value === undefined) return error === undefined ? html`<${Loading} />` : html`<${Trouble} error=${error} />`
  const act = (path: string, query: Record<string, string> = {}, text?: TextKey) =>
    tell(path, query).then(
      () => {
        setFailed(undefined)
        setDone(text === undefined ? undefined : [text, query['name'] ?? ''])
        again()
      },
      (failure: unknown) => setFailed(refusedOf(failure)),
    )
  const [pause] = value.pauses
  const change = (event: SubmitEvent) => {
    event.preventDefault()
    const name = String(new FormData(event.target as HTMLFormElement).get('name')).trim()
    const isBlock = (event.submitter as HTMLButtonElement | null)?.value !== 'allow'
    void act(
      isBlock ? '/filter/block' : '/filter/allow',
      { name },
      isBlock ? 'queries.blockedNow' : 'queries.allowedNow',
    )
  }
  return html`<${Trouble} error=${failed} />
    ${pause === undefined ? null : html`<p class="note" role="status">${t('rules.paused', { time: clock(pause.until) })}</p>`}
    <div class="bar">
      ${
        pause === undefined
          ? PAUSES.map(
              (n) =>
                html`<button type="button" onClick=${() => act('/filter/pause', { minutes: String(n) })}>${t('rules.pause', { n })}</button>`,
            )
          : html`<button type="button" onClick=${() => act('/filter/resume')}>${t('rules.resume')}</button>`
      }
      <button type="button" onClick=${() => act('/filter/update')}>${t('rules.update')}</button>
    </div>
    <form class="bar" onSubmit=${change}>
      <label>${t('rules.name')}<input name="name" required autocapitalize="none" spellcheck=${false} /></label>
      <button type="submit" value="block">${t('queries.block')}</button>
      <button type="submit" value="allow">${t('queries.allow')}</button>
    </form>
    ${done === undefined ? null : html`<p role="status">${t(done[0], { name: done[1] })}</p>`}
    <${OwnRules} rules=${value.own?.all ?? []} forget=${(name: string) => act('/filter/forget', { name })} />
    <h3>${t('rules.lists')}</h3>
    ${
      value.lists.length === 0
        ? html`<p class="muted">${t('word.none')}</p>`
        : html`<table class="cards">
            <thead><tr><th scope="col">${t('word.name')}</th><th scope="col">${t('rules.entries')}</th><th scope="col">${t('rules.fetched')}</th></tr></thead>
            <tbody>
              ${value.lists.map(
                ({ name, entries, updatedAt, trouble }) =>
                  html`<tr key=${name}><td class="name">${name}</td><td>${count(entries ?? 0)}</td><td>${updatedAt ? date(updatedAt) : '–'}${trouble ? html` <small class="reason">${trouble}</small>` : null}</td></tr>`,
              )}
            </tbody>
          </table>`
    }`
}

/** `||name^` blocks, `@@||name^` allows. */
function OwnRules({ rules, forget }: { rules: readonly string[]; forget: (name: string) => void }) {
  if (rules.length === 0) return null
  return html`<h3>${t('rules.own')}</h3>
    <ul class="key">
      ${rules.map((rule) => {
        const name = rule.replace(/^(@@)?\|\|/, '').replace(/\^.*$/, '')
        const kind = rule.startsWith('@@') ? 'queries.allow' : 'queries.block'
        return html`<li key=${rule}><span>${t(kind)}: <code>${name}</code></span><button type="button" class="quiet" onClick=${() => forget(name)} aria-label=${`${t('word.remove')} ${name}`}>${t('word.remove')}</button></li>`
      })}
    </ul>`
}
