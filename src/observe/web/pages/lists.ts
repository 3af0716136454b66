/** Lists: how each is, and what the household makes of them. */
import { useState } from 'preact/hooks'
import type { FilterView } from '../../filter-views.ts'
import { tell } from '../api.ts'
import { ago, count, date } from '../format.ts'
import { html } from '../html.ts'
import { Confirm } from '../parts.ts'
import { maybe, t } from '../texts.ts'
import { type Editing, Told, useEditing } from './edits.ts'

type List = FilterView['lists'][number]

const KINDS = ['block', 'allow'] as const
const FORMATS = ['auto', 'hosts', 'domains', 'wildcard', 'adblock', 'rpz'] as const
/** As the node wants it: said by the browser before anything is sent. */
export const WORD_PATTERN = '[A-Za-z0-9][A-Za-z0-9._\\-]{0,39}'

export function Lists({ view, again }: { view: FilterView; again: () => void }) {
  const editing = useEditing(again)
  const [going, setGoing] = useState<string | undefined>(undefined)
  const remove = () => {
    setGoing(undefined)
    void editing.edit([['/filter/lists/remove', { name: going }]], t('lists.removed', { name: going! }))
  }
  return html`<p class="muted">${t('lists.hint')}</p>
    <${Told} editing=${editing} />
    ${
      view.lists.length === 0
        ? html`<p class="note">${t('lists.none')}</p>`
        : html`<${Table} lists=${view.lists} editing=${editing} remove=${setGoing} />
          <p class="muted">${t('lists.counted')}</p>`
    }
    ${view.passedOver.map(({ key, why }) => html`<p class="trouble" key=${key}>${t('lists.passedOver', { key, why })}</p>`)}
    <h3>${t('lists.add')}</h3>
    <${Add} view=${view} editing=${editing} />
    ${
      going === undefined
        ? null
        : html`<${Confirm} title=${t('lists.removeTitle', { name: going })} text=${t('lists.removeText')} yes=${t('word.remove')} onYes=${remove} onClose=${() => setGoing(undefined)} />`
    }`
}

interface TableProps {
  readonly lists: readonly List[]
  readonly editing: Editing
  readonly remove: (name: string) => void
}

function Table({ lists, editing, remove }: TableProps) {
  const refresh = () => void editing.act(tell('/filter/update'), t('lists.allFetched'))
  return html`<table class="cards">
      <thead><tr><th scope="col">${t('word.name')}</th><th scope="col">${t('rules.entries')}</th><th scope="col">${t('rules.fetched')}</th><th scope="col">${t('lists.blockedToday')}</th><th scope="col">${t('queries.actions')}</th></tr></thead>
      <tbody>${lists.map((list) => html`<${Row} key=${list.name} list=${list} editing=${editing} remove=${remove} />`)}</tbody>
    </table>
    <div class="bar"><button type="button" onClick=${refresh}>${t('rules.update')}</button></div>`
}

function Row({ list, editing, remove }: { list: List } & Omit<TableProps, 'lists'>) {
  const { name, source, entries, skipped, paused, shared, blockedToday } = list
  return html`<tr>
    <td class="name"><b>${name}</b> <${Marks} list=${list} /><small class="reason">${source}</small></td>
    <td data-label=${t('rules.entries')}>${paused ? '–' : count(entries)}${skipped > 0 ? html`<small class="reason">${t('lists.skipped', { n: count(skipped) })}</small>` : null}</td>
    <td data-label=${t('rules.fetched')}><${Fetched} list=${list} /></td>
    <td data-label=${t('lists.blockedToday')}>${count(blockedToday)}</td>
    <td class="actions">
      ${paused ? null : html`<${Action} word=${t('lists.refresh')} name=${name} act=${() => editing.act(tell('/filter/update', { name }), t('lists.fetched', { name }))} />`}
      ${
        shared
          ? html`<${Pausing} list=${list} editing=${editing} /><${Action} word=${t('word.remove')} name=${name} act=${() => remove(name)} />`
          : null
      }
    </td>
  </tr>`
}

export function Action({ word, name, act }: { word: string; name: string; act: () => void }) {
  return html`<button type="button" class="quiet" onClick=${act} aria-label=${`${word} ${name}`}>${word}</button> `
}

function Pausing({ list: { name, paused }, editing }: { list: List; editing: Editing }) {
  const path = paused ? '/filter/lists/resume' : '/filter/lists/pause'
  const text = t(paused ? 'lists.resumed' : 'lists.pausedNow', { name })
  const word = t(paused ? 'lists.resume' : 'lists.pause')
  return html`<${Action} word=${word} name=${name} act=${() => editing.edit([[path, { name }]], text)} />`
}

function Marks({ list: { kind, shared, paused, groups } }: { list: List }) {
  const marks = [
    ...(kind === 'allow' ? [t('lists.kind.allow')] : []),
    ...(paused ? [t('lists.paused')] : []),
    ...(shared ? [] : [t('lists.ofBox')]),
    ...(groups === null ? [] : [t('lists.for', { groups: groups.join(', ') })]),
  ]
  return marks.map((mark) => html`<span class="badge" key=${mark}>${mark}</span> `)
}

function Fetched({ list: { updatedAt, trouble, failedAt, paused } }: { list: List }) {
  if (paused) return t('lists.paused')
  return html`${updatedAt === null ? t('lists.never') : html`<span title=${date(updatedAt)}>${ago(updatedAt)}</span>`}
    ${trouble === null ? null : html`<small class="reason trouble">${t('lists.failed', { when: failedAt === null ? '–' : ago(failedAt), why: trouble })}</small>`}`
}

function Add({ view, editing }: { view: FilterView; editing: Editing }) {
  const submit = (event: Event) => {
    event.preventDefault()
    const form = event.target as HTMLFormElement
    const given = new FormData(form)
    const of = (key: string) => String(given.get(key)).trim()
    const groups = given.getAll('groups').map(String)
    const [name, format] = [of('name'), of('format')]
    const list = { name, source: of('source'), kind: of('kind'), ...(format !== 'auto' && { format }) }
    const body = groups.length === 0 ? list : { ...list, groups }
    void editing
      .edit([['/filter/lists/add', body]], t('lists.added', { name }))
      .then((isDone) => isDone && form.reset())
  }
  return html`<form class="bar" onSubmit=${submit}>
    <label>${t('lists.name')}<input name="name" required pattern=${WORD_PATTERN} title=${t('lists.word')} placeholder="ads" autocapitalize="none" autocomplete="off" spellcheck=${false} /></label>
    <label class="long">${t('lists.url')}<input name="source" type="url" required maxlength="700" placeholder="https://lists.example.org/hosts.txt" /></label>
    <label>${t('lists.kind')}<select name="kind">${KINDS.map((one) => html`<option value=${one}>${t(`lists.kind.${one}`)}</option>`)}</select></label>
    <label>${t('lists.format')}<select name="format">${FORMATS.map((one) => html`<option value=${one}>${maybe(`lists.format.${one}`, one)}</option>`)}</select></label>
    ${view.groups.length === 0 ? null : html`<${Choice} legend=${t('lists.forGroups')} name="groups" all=${view.groups.map(({ name }) => name)} />`}
    <button type="submit">${t('word.add')}</button>
  </form>`
}

interface ChoiceProps {
  readonly legend: string
  readonly name: string
  readonly all: readonly string[]
  readonly chosen?: readonly string[]
  /** What is shown for a value; left out: the value. */
  readonly textOf?: (value: string) => string
}

/** Some of a few, each a box to tick. */
export function Choice({ legend, name, all, chosen = [], textOf = (value) => value }: ChoiceProps) {
  return html`<fieldset class="choice"><legend>${legend}</legend>
    ${all.map((value) => html`<label key=${value}><input type="checkbox" name=${name} value=${value} defaultChecked=${chosen.includes(value)} />${textOf(value)}</label>`)}
  </fieldset>`
}
