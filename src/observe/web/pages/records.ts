/** Names of one's own, which all boxes of a household answer. */
import { useEffect } from 'preact/hooks'
import { html } from '../html.ts'
import { Loading, Trouble, useAsked } from '../parts.ts'
import { edits } from '../state.ts'
import { t } from '../texts.ts'
import { Told, useEditing } from './edits.ts'

interface LocalRecord {
  readonly name: string
  readonly type: string
  readonly data: string
}
interface RecordsView {
  readonly records: readonly LocalRecord[]
  /** What cannot be used. */
  readonly problems?: readonly string[]
}

export function Records() {
  const records = useAsked<RecordsView>('/records')
  const editing = useEditing(records.again)
  const turn = edits.value
  useEffect(records.again, [turn])
  if (records.error?.code === 'NOT_FOUND') return html`<p class="note">${t('records.missing')}</p>`
  if (records.value === undefined)
    return records.error === undefined ? html`<${Loading} />` : html`<${Trouble} error=${records.error} />`
  const change = (path: string, record: LocalRecord) =>
    editing.edit([[path, record]], t('records.done', { name: record.name }))
  const add = (event: Event) => {
    event.preventDefault()
    const form = event.target as HTMLFormElement
    const given = new FormData(form)
    const of = (name: string) => String(given.get(name)).trim()
    const record = { name: of('name'), type: of('type'), data: of('data') }
    void change('/records/add', record).then((isDone) => isDone && form.reset())
  }
  return html`<${Told} editing=${editing} />
    <form class="bar" onSubmit=${add}>
      <label>${t('word.name')}<input name="name" required placeholder="nas.home.arpa" autocapitalize="none" spellcheck=${false} /></label>
      <label>${t('word.type')}<select name="type">${['A', 'AAAA', 'CNAME', 'TXT', 'PTR'].map((one) => html`<option>${one}</option>`)}</select></label>
      <label>${t('records.data')}<input name="data" required placeholder="192.168.1.20" autocapitalize="none" spellcheck=${false} /></label>
      <button type="submit">${t('word.add')}</button>
    </form>
    <ul class="key">
      ${records.value.records.map(({ name, type, data }) => {
        const text = `${name} ${type} ${data}`
        return html`<li key=${text}><code>${text}</code><button type="button" class="quiet" onClick=${() => change('/records/remove', { name, type, data })} aria-label=${`${t('word.remove')} ${text}`}>${t('word.remove')}</button></li>`
      })}
    </ul>
    ${(records.value.problems ?? []).map((problem) => html`<p class="trouble">${problem}</p>`)}`
}
