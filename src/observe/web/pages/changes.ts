/** What was changed lately of what the household shares, on any box, and what takes it back. */
import { useEffect } from 'preact/hooks'
import type { ChangesView } from '../../home-views.ts'
import { tell } from '../api.ts'
import { date } from '../format.ts'
import { html } from '../html.ts'
import { Loading, Trouble, useAsked } from '../parts.ts'
import { edits } from '../state.ts'
import { t } from '../texts.ts'
import { Told, useEditing } from './edits.ts'

export function Changes() {
  const { value, error, again } = useAsked<ChangesView>('/settings/history', { most: '12' })
  const editing = useEditing(again)
  const turn = edits.value
  useEffect(again, [turn])
  if (value === undefined) return error === undefined ? html`<${Loading} />` : html`<${Trouble} error=${error} />`
  const undo = (id: string) => editing.act(tell('/settings/undo', { id }), t('edits.undone'))
  return html`<${Told} editing=${editing} />
    ${value.changes.length === 0 ? html`<p class="muted">${t('word.none')}</p>` : null}
    <ul class="key">
      ${value.changes.map(
        ({ id, key, value: now, at, isCurrent }) =>
          html`<li key=${id}><span class="name-part"><code>${key}</code> ${now === null ? t('edits.gone') : now} <span class="muted">${date(at)}</span></span>${
            isCurrent
              ? html`<button type="button" class="quiet" onClick=${() => undo(id)} aria-label=${`${t('word.undo')} ${key}`}>${t('word.undo')}</button>`
              : null
          }</li>`,
      )}
    </ul>`
}
