/** The last questions: live, searched, explained, blocked. */
import { useEffect, useState } from 'preact/hooks'
import type { QueriesView, QueryRow } from '../../dashboard-views.ts'
import { ask, type Refused, tell } from '../api.ts'
import { bare, clock, count, ms } from '../format.ts'
import { html } from '../html.ts'
import { Badge, Loading, refusedOf, Trouble } from '../parts.ts'
import { link, onRows, type RowsEvent } from '../state.ts'
import { maybe, type TextKey, t } from '../texts.ts'
import { Why } from './why.ts'

const LEVELS = ['off', 'names', 'clients', 'full'] as const
const TIMES = [10, 30, 120, 1_440] as const
const OUTCOMES = ['secure', 'agreed', 'rotating', 'divergent', 'solo', 'local', 'blocked', 'failed', 'refused'] as const
/** Rows on the page. */
const SHOWN = 200

export function Queries() {
  const [view, setView] = useState<QueriesView | undefined>(undefined)
  const [search, setSearch] = useState('')
  const [outcome, setOutcome] = useState('')
  const [isLive, setLive] = useState(true)
  const [lost, setLost] = useState(0)
  const [error, setError] = useState<Refused | undefined>(undefined)
  const query = { search, outcome, most: String(SHOWN) }
  const take = (asked: Promise<QueriesView>) =>
    asked.then(
      (next) => {
        setView(next)
        setError(undefined)
      },
      (failure: unknown) => setError(refusedOf(failure)),
    )
  useEffect(() => void take(ask<QueriesView>('/queries', query)), [search, outcome])
  useEffect(() => {
    const fits = (row: QueryRow) =>
      row.name.toLowerCase().includes(search.toLowerCase()) && (outcome === '' || row.outcome === outcome)
    onRows.current = isLive ? (event) => addRows(event, fits, setView, setLost) : undefined
    return () => {
      onRows.current = undefined
    }
  }, [isLive, search, outcome])
  if (view === undefined) return error === undefined ? html`<${Loading} />` : html`<${Trouble} error=${error} />`
  return html`<${Privacy} view=${view} choose=${(level: string, minutes: string) => take(tell('/queries/privacy', { level, minutes, ...query }))} />
    <${Trouble} error=${error} />
    ${
      view.privacy === 'off'
        ? html`<p class="note">${t('queries.off')}</p>`
        : html`<div class="bar">
              <label>${t('queries.filter')}<input type="search" value=${search} onInput=${(event: Event) => setSearch((event.target as HTMLInputElement).value)} /></label>
              <label>${t('word.outcome')}
                <select value=${outcome} onChange=${(event: Event) => setOutcome((event.target as HTMLSelectElement).value)}>
                  <option value="">${t('word.all')}</option>
                  ${OUTCOMES.map((one) => html`<option value=${one}>${maybe(`outcome.${one}`)}</option>`)}
                </select>
              </label>
              <button type="button" aria-pressed=${isLive} onClick=${() => setLive(!isLive)}>${t('queries.live')}</button>
              <button type="button" onClick=${() => save(view.rows, 'json')}>${t('queries.export.json')}</button>
              <button type="button" onClick=${() => save(view.rows, 'csv')}>${t('queries.export.csv')}</button>
              <button type="button" onClick=${() => take(tell('/queries/clear', query))}>${t('queries.clear')}</button>
            </div>
            <${Rows} rows=${view.rows} hasClients=${view.privacy !== 'names'} />
            ${lost === 0 ? null : html`<p class="muted">${t('queries.lost', { n: count(lost) })}</p>`}
            <p class="muted">${t('queries.kept', { n: count(view.size), hours: view.hours })}</p>`
    }`
}

function addRows(
  { rows, lost }: RowsEvent,
  fits: (row: QueryRow) => boolean,
  setView: (change: (before: QueriesView | undefined) => QueriesView | undefined) => void,
  setLost: (change: (before: number) => number) => void,
): void {
  const wanted = rows.filter(fits).reverse()
  setLost((before) => before + lost)
  setView((before) => {
    if (before === undefined) return before
    const newest = before.rows[0]?.id ?? 0
    const fresh = wanted.filter(({ id }) => id > newest)
    return {
      ...before,
      size: Math.min(before.keep, before.size + rows.length),
      rows: [...fresh, ...before.rows].slice(0, SHOWN),
    }
  })
}

interface PrivacyProps {
  readonly view: QueriesView
  readonly choose: (level: string, minutes: string) => void
}

function Privacy({ view, choose }: PrivacyProps) {
  const [level, setLevel] = useState<string>(view.privacy === 'off' ? 'names' : view.privacy)
  const [minutes, setMinutes] = useState('30')
  const submit = (event: Event) => {
    event.preventDefault()
    choose(level, minutes)
  }
  return html`<form class="bar" onSubmit=${submit}>
    <label>${t('queries.privacy')}
      <select value=${level} onChange=${(event: Event) => setLevel((event.target as HTMLSelectElement).value)}>
        ${LEVELS.map((one) => html`<option value=${one}>${t(`queries.privacy.${one}`)}</option>`)}
      </select>
    </label>
    <label>${t('queries.for')}
      <select value=${minutes} onChange=${(event: Event) => setMinutes((event.target as HTMLSelectElement).value)}>
        ${TIMES.map((one) => html`<option value=${one}>${one < 120 ? t('queries.minutes', { n: one }) : t('queries.hours', { n: one / 60 })}</option>`)}
      </select>
    </label>
    <button type="submit">${t('queries.apply')}</button>
    <span class="muted">${t(`queries.privacy.${view.privacy}` as TextKey)}${view.until === null ? '' : `, ${t('queries.until', { time: clock(view.until) })}`}</span>
  </form>`
}

function Rows({ rows, hasClients }: { rows: readonly QueryRow[]; hasClients: boolean }) {
  const [why, setWhy] = useState<QueryRow | undefined>(undefined)
  if (rows.length === 0) return html`<p class="note">${t('queries.empty')}</p>`
  return html`<table class="cards">
      <thead>
        <tr>
          <th scope="col">${t('word.time')}</th><th scope="col">${t('word.name')}</th><th scope="col">${t('word.type')}</th>
          ${hasClients ? html`<th scope="col">${t('word.client')}</th>` : null}
          <th scope="col">${t('word.outcome')}</th><th scope="col">${t('word.took')}</th><th scope="col">${t('queries.actions')}</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => html`<${Row} key=${row.id} row=${row} hasClients=${hasClients} onWhy=${() => setWhy(row)} />`)}
      </tbody>
    </table>
    ${why === undefined ? null : html`<${Why} row=${why} onClose=${() => setWhy(undefined)} />`}`
}

function Row({ row, hasClients, onWhy }: { row: QueryRow; hasClients: boolean; onWhy: () => void }) {
  const name = bare(row.name)
  return html`<tr>
    <td><time datetime=${new Date(row.at).toISOString()}>${clock(row.at)}</time></td>
    <td class="name">${name}</td>
    <td>${row.type}</td>
    ${hasClients ? html`<td>${row.device === '' ? row.client : row.device}</td>` : null}
    <td><${Badge} outcome=${row.outcome} />${row.rcode === 'NXDOMAIN' ? html` <small>NXDOMAIN</small>` : null}${row.reason === '' ? null : html`<small class="reason">${row.reason}</small>`}</td>
    <td>${ms(row.ms)}</td>
    <td class="actions">
      <a href=${link('explain', { name: row.name, type: row.type })} aria-label=${`${t('queries.explain')}: ${name}`}>${t('queries.explain')}</a>
      <button type="button" class="quiet" onClick=${onWhy} aria-label=${`${t('queries.why')} ${name}`}>${t('queries.why')}</button>
    </td>
  </tr>`
}

function save(rows: readonly QueryRow[], kind: 'json' | 'csv'): void {
  const text = kind === 'json' ? `${JSON.stringify(rows, null, 1)}\n` : csvOf(rows)
  const url = URL.createObjectURL(new Blob([text], { type: kind === 'json' ? 'application/json' : 'text/csv' }))
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = `queries.${kind}`
  anchor.click()
  setTimeout(() => URL.revokeObjectURL(url), 1_000)
}

function csvOf(rows: readonly QueryRow[]): string {
  const columns = ['at', 'name', 'type', 'client', 'device', 'protocol', 'rcode', 'outcome', 'reason', 'ms'] as const
  // A text that begins so would be a formula for the program that opens the file.
  const cell = (value: string | number) =>
    `"${String(value)
      .replace(/"/g, '""')
      .replace(/^[=+@\t-]/, "'$&")}"`
  const lines = rows.map((row) =>
    columns.map((name) => cell(name === 'at' ? new Date(row.at).toISOString() : row[name])),
  )
  return `${[columns.join(','), ...lines.map((line) => line.join(','))].join('\n')}\n`
}
