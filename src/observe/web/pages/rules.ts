/** Blocking, lists and groups, as one look at the node shows them. */
import type { FilterView } from '../../filter-views.ts'
import { html } from '../html.ts'
import { Loading, Panel, Trouble, useAsked } from '../parts.ts'
import { t } from '../texts.ts'
import { Blocking } from './blocking.ts'
import { Groups } from './groups.ts'
import { Lists } from './lists.ts'

const AGAIN_MS = 5_000

export function Rules() {
  const { value, error, again } = useAsked<FilterView>('/filter', {}, AGAIN_MS)
  if (value === undefined)
    return html`<${Panel} title=${t('rules.title')} wide>${error === undefined ? html`<${Loading} />` : html`<${Trouble} error=${error} />`}<//>`
  return html`<${Panel} title=${t('rules.title')} wide><${Blocking} view=${value} again=${again} /><//>
    <${Panel} title=${t('rules.lists')} wide><${Lists} view=${value} again=${again} /><//>
    <${Panel} title=${t('groups.title')} wide><${Groups} view=${value} again=${again} /><//>`
}
