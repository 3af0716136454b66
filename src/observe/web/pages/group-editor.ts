/** One group of the household, made or changed: who is in it, which lists hold for it, when more is blocked, what is told of a blocked name. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { FilterView } from '../../filter-views.ts'
import type { DevicesView } from '../../home-views.ts'
import { html } from '../html.ts'
import { useAsked } from '../parts.ts'
import { t } from '../texts.ts'
import type { Editing, EditStep } from './edits.ts'
import { Choice, WORD_PATTERN } from './lists.ts'
import { type Plan, Plans } from './plans.ts'

type Group = FilterView['groups'][number]

const MODES = ['default', 'null', 'nxdomain', 'nodata', 'refused'] as const
const NEW: Group = { name: '', clients: [], lists: null, shared: true, mode: null, schedules: [], plans: [] }

interface GroupEditorProps {
  /** Null: a new one. */
  readonly group: Group | null
  readonly view: FilterView
  readonly edit: Editing['edit']
  readonly onClose: () => void
}

export function GroupEditor({ group, view, edit, onClose }: GroupEditorProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  // As it was when this was opened: what another box adds meanwhile is not taken away.
  const [before] = useState<Group>(group ?? NEW)
  const [clients, setClients] = useState<readonly string[]>(before.clients)
  const [plans, setPlans] = useState<readonly Plan[]>(before.plans)
  useLayoutEffect(() => {
    dialog.current?.showModal()
  }, [])
  const lists = view.lists.map(({ name }) => name)
  const save = (event: Event) => {
    event.preventDefault()
    const given = new FormData(event.target as HTMLFormElement)
    const name = before.name === '' ? String(given.get('name')).trim() : before.name
    // A client that was typed and not added is meant, too.
    const typed = String(given.get('client') ?? '').trim()
    const wish: Wish = {
      name,
      clients: typed === '' ? clients : [...clients, typed],
      lists: given.get('which') === 'some' ? given.getAll('lists').map(String) : null,
      mode: String(given.get('mode')),
      plans,
    }
    dialog.current?.close()
    void edit(stepsTo(before, wish), t('groups.saved', { name }))
  }
  const title = group === null ? t('groups.add') : t('groups.title.one', { name: before.name })
  return html`<dialog ref=${dialog} onClose=${onClose} aria-labelledby="group-title">
    <h2 id="group-title">${title}</h2>
    <form onSubmit=${save}>
      ${
        group === null
          ? html`<label>${t('groups.name')}<input name="name" required pattern=${WORD_PATTERN} title=${t('lists.word')} autocapitalize="none" autocomplete="off" spellcheck=${false} /></label>`
          : null
      }
      <h3>${t('groups.clients')}</h3>
      <${Clients} clients=${clients} change=${setClients} />
      <h3>${t('rules.lists')}</h3>
      <${Which} chosen=${before.lists} all=${lists} />
      <h3>${t('groups.plans')}</h3>
      <${Plans} plans=${plans} lists=${lists} change=${setPlans} />
      <${Mode} mode=${before.mode} />
      <div class="bar">
        <button type="submit">${t('devices.save')}</button>
        <button type="button" onClick=${() => dialog.current?.close()}>${t('word.cancel')}</button>
      </div>
    </form>
  </dialog>`
}

function Clients({ clients, change }: { clients: readonly string[]; change: (next: readonly string[]) => void }) {
  const input = useRef<HTMLInputElement>(null)
  const { value } = useAsked<DevicesView>('/devices')
  const known = (value?.devices ?? []).flatMap(({ name, mac, addresses }) => [name, mac, ...addresses])
  const add = () => {
    const client = input.current?.value.trim() ?? ''
    if (client !== '' && !clients.includes(client)) change([...clients, client])
    if (input.current !== null) input.current.value = ''
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    add()
  }
  return html`<ul class="key">
      ${clients.map((client) => html`<li key=${client}><code>${client}</code><button type="button" class="quiet" onClick=${() => change(clients.filter((one) => one !== client))} aria-label=${`${t('word.remove')} ${client}`}>${t('word.remove')}</button></li>`)}
    </ul>
    <div class="bar">
      <label class="long">${t('groups.client')}<input ref=${input} name="client" list="known-clients" maxlength="100" placeholder="192.168.1.32/28" autocapitalize="none" autocomplete="off" spellcheck=${false} onKeyDown=${onKeyDown} /></label>
      <button type="button" onClick=${add}>${t('groups.addClient')}</button>
    </div>
    <datalist id="known-clients">${[...new Set(known.filter((one) => one !== null))].map((one) => html`<option key=${one} value=${one} />`)}</datalist>`
}

/** All lists, or some. */
function Which({ chosen, all }: { chosen: Group['lists']; all: readonly string[] }) {
  const [isSome, setIsSome] = useState(chosen !== null)
  // What is gone since is shown, so that it can be taken out.
  const shown = [...new Set([...all, ...(chosen ?? [])])]
  return html`<fieldset class="choice"><legend>${t('groups.which')}</legend>
      <label><input type="radio" name="which" value="all" checked=${!isSome} onChange=${() => setIsSome(false)} />${t('groups.allLists')}</label>
      <label><input type="radio" name="which" value="some" checked=${isSome} onChange=${() => setIsSome(true)} />${t('groups.someLists')}</label>
    </fieldset>
    ${isSome ? html`<${Choice} legend=${t('rules.lists')} name="lists" all=${shown} chosen=${chosen ?? []} />` : null}`
}

/** Addresses that somebody gave by the settings stay, unless another is chosen. */
function Mode({ mode }: { mode: Group['mode'] }) {
  const now = mode === null ? 'default' : typeof mode === 'string' ? mode : KEEP
  return html`<div class="bar"><label>${t('groups.mode')}
    <select name="mode">
      ${now === KEEP ? html`<option value=${KEEP} selected>${JSON.stringify(mode)}</option>` : null}
      ${MODES.map((one) => html`<option key=${one} value=${one} selected=${one === now}>${t(`groups.mode.${one}`)}</option>`)}
    </select>
  </label></div>`
}

const KEEP = 'keep'

interface Wish {
  readonly name: string
  readonly clients: readonly string[]
  readonly lists: readonly string[] | null
  readonly mode: string
  readonly plans: readonly Plan[]
}

/** What leads from one to the other: what is added first, since only what is there can be taken away. */
function stepsTo(before: Group, { name, clients, lists, mode, plans }: Wish): readonly EditStep[] {
  const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)
  const more = clients.filter((client) => !before.clients.includes(client))
  const fewer = before.clients.filter((client) => !clients.includes(client))
  const nextMode = mode === 'default' ? null : mode
  const head = {
    ...(more.length > 0 && { clients: more }),
    ...(!isSame(lists, before.lists) && { lists }),
    ...(mode !== KEEP && nextMode !== before.mode && { mode: nextMode }),
  }
  const morePlans = plans.filter((plan) => !before.plans.some((one) => isSame(one, plan)))
  const fewerPlans = before.plans.filter(({ when }) => !plans.some((one) => one.when === when))
  return [
    ...(before.name === '' || Object.keys(head).length > 0
      ? [['/filter/groups/add', { name, ...head }] as EditStep]
      : []),
    ...morePlans.map((plan): EditStep => ['/filter/groups/schedule', { name, ...plan }]),
    ...fewerPlans.map(({ when }): EditStep => ['/filter/groups/schedule', { name, when }]),
    ...(fewer.length > 0 ? [['/filter/groups/remove', { name, clients: fewer }] as EditStep] : []),
  ]
}
