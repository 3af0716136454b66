/** Groups of clients that are treated apart. */
import { useState } from 'preact/hooks'
import type { FilterView } from '../../filter-views.ts'
import { html } from '../html.ts'
import { Confirm } from '../parts.ts'
import { maybe, t } from '../texts.ts'
import { Told, useEditing } from './edits.ts'
import { GroupEditor } from './group-editor.ts'
import { Action } from './lists.ts'
import { planText } from './plans.ts'

type Group = FilterView['groups'][number]

/** What is open: a group, a new one (null), or nothing. */
type Opened = { readonly group: Group | null } | undefined

export function Groups({ view, again }: { view: FilterView; again: () => void }) {
  const editing = useEditing(again)
  const [opened, setOpened] = useState<Opened>(undefined)
  const [going, setGoing] = useState<Group | undefined>(undefined)
  const remove = () => {
    const { name } = going!
    setGoing(undefined)
    void editing.edit([['/filter/groups/remove', { name }]], t('groups.removed', { name }))
  }
  return html`<p class="muted">${t('groups.hint')}</p>
    <${Told} editing=${editing} />
    ${
      view.groups.length === 0
        ? html`<p class="note">${t('groups.none')}</p>`
        : html`<${Table} groups=${view.groups} open=${(group: Group) => setOpened({ group })} remove=${setGoing} />`
    }
    <button type="button" onClick=${() => setOpened({ group: null })}>${t('groups.add')}</button>
    ${opened === undefined ? null : html`<${GroupEditor} group=${opened.group} view=${view} edit=${editing.edit} onClose=${() => setOpened(undefined)} />`}
    ${
      going === undefined
        ? null
        : html`<${Confirm} title=${t('groups.removeTitle', { name: going.name })} text=${t('groups.removeText', { clients: going.clients.length, plans: going.plans.length })} yes=${t('word.remove')} onYes=${remove} onClose=${() => setGoing(undefined)} />`
    }`
}

interface TableProps {
  readonly groups: readonly Group[]
  readonly open: (group: Group) => void
  readonly remove: (group: Group) => void
}

function Table({ groups, open, remove }: TableProps) {
  return html`<table class="cards">
    <thead><tr><th scope="col">${t('word.name')}</th><th scope="col">${t('groups.clients')}</th><th scope="col">${t('rules.lists')}</th><th scope="col">${t('groups.mode')}</th><th scope="col">${t('groups.plans')}</th><th scope="col">${t('queries.actions')}</th></tr></thead>
    <tbody>
      ${groups.map(
        (group) => html`<tr key=${group.name}>
          <td class="name"><b>${group.name}</b> ${group.shared ? null : html`<span class="badge">${t('lists.ofBox')}</span>`}</td>
          <td data-label=${t('groups.clients')} class="name-part">${group.clients.length === 0 ? '–' : group.clients.join(', ')}</td>
          <td data-label=${t('rules.lists')}>${listsText(group)}</td>
          <td data-label=${t('groups.mode')}>${modeText(group.mode)}</td>
          <td data-label=${t('groups.plans')}>${group.plans.length === 0 ? '–' : group.plans.map((plan) => html`<span class="reason" key=${plan.when}>${planText(plan)}</span>`)}</td>
          <td class="actions">${
            group.shared
              ? html`<${Action} word=${t('groups.change')} name=${group.name} act=${() => open(group)} /><${Action} word=${t('word.remove')} name=${group.name} act=${() => remove(group)} />`
              : null
          }</td>
        </tr>`,
      )}
    </tbody>
  </table>`
}

function listsText({ lists }: Group): string {
  if (lists === null) return t('groups.allLists')
  return lists.length === 0 ? t('word.none') : lists.join(', ')
}

function modeText(mode: Group['mode']): string {
  if (mode === null) return t('groups.mode.default')
  return typeof mode === 'string'
    ? maybe(`groups.mode.${mode}`)
    : [mode.ipv4, mode.ipv6].filter((one) => one !== undefined).join(' ')
}
