/** Names of one's own, which all boxes of a household answer, and what was changed lately. */
import { useState } from 'preact/hooks'
import { type Refused, tell } from '../api.ts'
import { date } from '../format.ts'
import { html } from '../html.ts'
import { Loading, refusedOf, Trouble, useAsked } from '../parts.ts'
import { t } from '../texts.ts'

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
interface HistoryView {
  readonly changes: readonly {
    readonly id: string | number
    readonly key: string
    readonly value?: string | null
    readonly at?: number
  }[]
}

export function Records() {
  const records = useAsked<RecordsView>('/records')
  const history = useAsked<HistoryView>('/settings/history', { most: '10' })
  const [failed, setFailed] = useState<Refused | undefined>(undefined)
  if (records.error?.code === 'NOT_FOUND') return html`<p class="note">${t('records.missing')}</p>`
  if (records.value === undefined)
    return records.error === undefined ? html`<${Loading} />` : html`<${Trouble} error=${records.error} />`
  const after = (asked: Promise<unknown>) =>
    asked.then(
      () => {
        setFailed(undefined)
        records.again()
        history.again()
      },
      (failure: unknown) => setFailed(refusedOf(failure)),
    )
  const change = (path: string, record: LocalRecord) => after(tell(path, {}, record))
  const add = (event: Event) => {
    event.preventDefault()
    const form = event.target as HTMLFormElement
    const given = new FormData(form)
    const of = (name: string) => String(given.get(name)).trim()
    const record = { name: of('name'), type: of('type'), data: of('data') }
    void change('/records/add', record).then(() => form.reset())
  }
  return html`<${Trouble} error=${failed} />
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
    ${(records.value.problems ?? []).map((problem) => html`<p class="trouble">${problem}</p>`)}
    ${(history.value?.changes.length ?? 0) === 0 ? null : html`<${History} changes=${history.value!.changes} undo=${(id: string | number) => after(tell('/settings/undo', { id }))} />`}`
}

function History({ changes, undo }: { changes: HistoryView['changes']; undo: (id: string | number) => void }) {
  return html`<h3>${t('records.history')}</h3>
    <ul class="key">
      ${changes.map(
        ({ id, key, value, at }) =>
          html`<li key=${id}><span><code>${key}</code> ${value === null || value === undefined ? '–' : value} <span class="muted">${at === undefined ? '' : date(at)}</span></span><button type="button" class="quiet" onClick=${() => undo(id)} aria-label=${`${t('word.undo')} ${key}`}>${t('word.undo')}</button></li>`,
      )}
    </ul>`
}
