/** The ledger: its chains, and what stands on it of a name. */
import { useState } from 'preact/hooks'
import type { CertifiersView, LedgerStatusView, ProofFileView } from '../../ledger-views.ts'
import { ask, type Refused } from '../api.ts'
import { bare, count, date } from '../format.ts'
import { html } from '../html.ts'
import { Loading, Panel, refusedOf, Trouble, useAsked } from '../parts.ts'
import { t } from '../texts.ts'

const AGAIN_MS = 10_000

export function Names() {
  const { value, error } = useAsked<LedgerStatusView>('/ledgers', {}, AGAIN_MS)
  if (error?.code === 'LEDGER_OFF') return html`<p class="note">${t('names.none')}</p>`
  if (value === undefined) return error === undefined ? html`<${Loading} />` : html`<${Trouble} error=${error} />`
  return html`<${Panel} title=${t('names.chains')} wide><${Chains} view=${value} /><//>
    <${Panel} title=${t('names.look')} wide><${LookUp} /><//>`
}

function Chains({ view: { chains } }: { view: LedgerStatusView }) {
  return html`<table class="cards">
    <thead><tr><th scope="col">${t('names.chain')}</th><th scope="col">${t('names.height')}</th><th scope="col">${t('names.age')}</th><th scope="col">${t('names.members')}</th></tr></thead>
    <tbody>
      ${chains.map(
        ({ name, role, head }) => html`<tr key=${name}>
          <td><b>${name}</b> <span class="muted">${role}</span></td>
          <td>${count(head.height)}</td>
          <td>${head.time === 0 ? '–' : date(head.time)} <span class=${`badge ${head.state}`}>${head.state}</span></td>
          <td>${count(head.validators)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`
}

function LookUp() {
  const [view, setView] = useState<CertifiersView | undefined>(undefined)
  const [name, setName] = useState('')
  const [error, setError] = useState<Refused | undefined>(undefined)
  const submit = (event: Event) => {
    event.preventDefault()
    const wanted = String(new FormData(event.target as HTMLFormElement).get('name')).trim()
    setName(wanted)
    ask<CertifiersView>('/ledgers/certifiers', { name: wanted }).then(
      (next) => {
        setView(next)
        setError(undefined)
      },
      (failure: unknown) => {
        setView(undefined)
        setError(refusedOf(failure))
      },
    )
  }
  return html`<form class="bar" onSubmit=${submit}>
      <label>${t('word.name')}<input name="name" required autocapitalize="none" spellcheck=${false} /></label>
      <button type="submit">${t('word.search')}</button>
    </form>
    <${Trouble} error=${error} />
    ${view === undefined ? null : html`<${Certifiers} view=${view} /><${Proof} name=${name} />`}`
}

const SAYINGS = { keys: 'names.keys', 'no keys': 'names.noKeys', unknown: 'names.unknown' } as const

/** Who says what of the keys of a name, and whose word counts. */
function Certifiers({ view: { certifiers, believed } }: { view: CertifiersView }) {
  return html`<ul>
      ${certifiers.map(
        ({ by, who, says, ds, height }) =>
          html`<li><b>${by}</b> <span class="muted">${who}${height === null ? '' : `, ${t('names.height')} ${height}`}</span>: ${t(SAYINGS[says])}${ds.map((one) => html`<br /><code>${one}</code>`)}</li>`,
      )}
    </ul>
    <p>${t(`names.believed.${believed}`)}</p>`
}

/** The file that `chordns domain verify` and the page of the verifier take. */
function Proof({ name }: { name: string }) {
  const [error, setError] = useState<Refused | undefined>(undefined)
  const load = () =>
    ask<ProofFileView>('/ledgers/proof-file', { name }).then(
      (view) => {
        const url = URL.createObjectURL(new Blob([view.file], { type: 'text/plain' }))
        const anchor = document.createElement('a')
        anchor.href = url
        anchor.download = `${bare(name)}.proof`
        anchor.click()
        setTimeout(() => URL.revokeObjectURL(url), 1_000)
      },
      (failure: unknown) => setError(refusedOf(failure)),
    )
  return html`<button type="button" onClick=${load}>${t('names.proof')}</button><${Trouble} error=${error} />`
}
