/** Why a name is blocked or not, and the two buttons that change it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { QueryRow } from '../../dashboard-views.ts'
import { type Refused, tell } from '../api.ts'
import { bare } from '../format.ts'
import { html } from '../html.ts'
import { Loading, refusedOf, Trouble, useAsked } from '../parts.ts'
import { maybe, type TextKey, t } from '../texts.ts'

/** What `/filter/why` says. */
interface Decision {
  readonly verdict: string
  readonly by?: unknown
  readonly rules?: readonly unknown[]
}

export function Why({ row, onClose }: { row: QueryRow; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [error, setError] = useState<Refused | undefined>(undefined)
  const [done, setDone] = useState<TextKey | undefined>(undefined)
  const name = bare(row.name)
  const client = /^[0-9a-f:.]+$/i.test(row.client) ? { client: row.client } : undefined
  const { value, error: refused, again } = useAsked<Decision>('/filter/why', { name, type: row.type, ...client })
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  const change = (path: string, text: TextKey) =>
    tell(path, { name }).then(
      () => {
        setError(undefined)
        setDone(text)
        again()
      },
      (failure: unknown) => setError(refusedOf(failure)),
    )
  return html`<dialog ref=${dialog} onClose=${onClose} aria-labelledby="why-title">
    <h2 id="why-title">${t('why.title', { name })}</h2>
    ${value === undefined && refused === undefined ? html`<${Loading} />` : null}
    ${refused?.code === 'NOT_FOUND' ? html`<p>${t('rules.missing')}</p>` : html`<${Trouble} error=${refused} />`}
    ${value === undefined ? null : html`<p>${maybe(`why.${value.verdict}`)}</p><${Reasons} decision=${value} />`}
    <${Trouble} error=${error} />
    ${done === undefined ? null : html`<p role="status">${t(done, { name })}</p>`}
    <div class="bar">
      ${
        value === undefined
          ? null
          : html`<button type="button" onClick=${() => change('/filter/block', 'queries.blockedNow')}>${t('queries.block')}</button>
              <button type="button" onClick=${() => change('/filter/allow', 'queries.allowedNow')}>${t('queries.allow')}</button>`
      }
      <button type="button" onClick=${() => dialog.current?.close()}>${t('why.close')}</button>
    </div>
  </dialog>`
}

function Reasons({ decision: { by, rules = [] } }: { decision: Decision }) {
  const lines = [by, ...rules].filter((one) => one !== undefined && one !== null && one !== '').map(textOf)
  return lines.length === 0
    ? null
    : html`<ul>${[...new Set(lines)].map((line) => html`<li><code>${line}</code></li>`)}</ul>`
}

function textOf(rule: unknown): string {
  if (typeof rule !== 'object' || rule === null) return String(rule)
  return Object.values(rule)
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .join(' · ')
}
