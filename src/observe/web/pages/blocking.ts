/** Pauses and own rules. */
import type { FilterView } from '../../filter-views.ts'
import { tell } from '../api.ts'
import { clock, count } from '../format.ts'
import { html } from '../html.ts'
import { type TextKey, t } from '../texts.ts'
import { Told, useEditing } from './edits.ts'

const PAUSES = [5, 60] as const

export function Blocking({ view, again }: { view: FilterView; again: () => void }) {
  const editing = useEditing(again)
  const act = (path: string, query: Record<string, string> = {}, text?: TextKey) =>
    editing.act(tell(path, query), text && t(text, { name: query['name'] ?? '' }))
  const pause = view.pauses.find(({ group }) => group === null)
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
  return html`${pause === undefined ? null : html`<p class="note" role="status">${t('rules.paused', { time: clock(pause.until) })}</p>`}
    <div class="bar">
      ${
        pause === undefined
          ? PAUSES.map(
              (n) =>
                html`<button type="button" onClick=${() => act('/filter/pause', { minutes: String(n) })}>${t('rules.pause', { n })}</button>`,
            )
          : html`<button type="button" onClick=${() => act('/filter/resume')}>${t('rules.resume')}</button>`
      }
    </div>
    <form class="bar" onSubmit=${change}>
      <label>${t('rules.name')}<input name="name" required autocapitalize="none" spellcheck=${false} /></label>
      <button type="submit" value="block">${t('queries.block')}</button>
      <button type="submit" value="allow">${t('queries.allow')}</button>
    </form>
    <${Told} editing=${editing} />
    <${OwnRules} view=${view} forget=${(name: string) => act('/filter/forget', { name })} />`
}

/** `||name^` blocks, `@@||name^` allows. */
function OwnRules({ view: { own, ownBlockedToday }, forget }: { view: FilterView; forget: (name: string) => void }) {
  if (own.all.length === 0) return null
  return html`<h3>${t('rules.own')}</h3>
    ${ownBlockedToday === 0 ? null : html`<p class="muted">${t('lists.today', { n: count(ownBlockedToday) })}</p>`}
    <ul class="key">
      ${own.all.map((rule) => {
        const name = rule.replace(/^(@@)?\|\|/, '').replace(/\^.*$/, '')
        const kind = rule.startsWith('@@') ? 'queries.allow' : 'queries.block'
        return html`<li key=${rule}><span>${t(kind)}: <code>${name}</code></span><button type="button" class="quiet" onClick=${() => forget(name)} aria-label=${`${t('word.remove')} ${name}`}>${t('word.remove')}</button></li>`
      })}
    </ul>`
}
