/** Signing in, language and colours, and the configuration that is in force. */
import { useState } from 'preact/hooks'
import type { ConfigurationView } from '../../dashboard-views.ts'
import type { Refused } from '../api.ts'
import { html } from '../html.ts'
import { Loading, Panel, refusedOf, Trouble, useAsked } from '../parts.ts'
import { session, signIn, signOut, type Theme, theme } from '../state.ts'
import { chooseLanguage, type Language, language, t } from '../texts.ts'

const THEMES = ['auto', 'light', 'dark'] as const
const LANGUAGES = { en: 'English', de: 'Deutsch' } as const

export function Settings() {
  return html`<div class="columns">
      <${Panel} title=${t('settings.view')}><${View} /><//>
      <${Panel} title=${t('settings.sign')}><${Signing} /><//>
    </div>
    <${Panel} title=${t('settings.configuration')} wide><${Configuration} /><//>
    <p><a href="/metrics">${t('settings.metrics')}</a></p>`
}

/** All that there is on the LAN for who has not signed in. */
export function SignIn() {
  return html`<${Panel} title=${t('sign.title')}><${Password} /><//>`
}

function View() {
  const chosen = (event: Event) => (event.target as HTMLSelectElement).value
  return html`<div class="bar">
    <label>${t('settings.language')}
      <select value=${language.value} onChange=${(event: Event) => chooseLanguage(chosen(event) as Language)}>
        ${Object.entries(LANGUAGES).map(([code, name]) => html`<option value=${code} lang=${code}>${name}</option>`)}
      </select>
    </label>
    <label>${t('settings.theme')}
      <select value=${theme.value} onChange=${(event: Event) => (theme.value = chosen(event) as Theme)}>
        ${THEMES.map((one) => html`<option value=${one}>${t(`settings.theme.${one}`)}</option>`)}
      </select>
    </label>
  </div>`
}

function Signing() {
  if (session.value?.isOwner === true)
    return html`<p>${t('settings.owner')}</p><button type="button" onClick=${signOut}>${t('settings.signOut')}</button>`
  return html`<p>${t('settings.guest')}</p><${Password} />`
}

function Password() {
  const [error, setError] = useState<Refused | undefined>(undefined)
  if (session.value?.hasPassword === false) return html`<p class="muted">${t('settings.noPassword')}</p>`
  const submit = (event: Event) => {
    event.preventDefault()
    const password = String(new FormData(event.target as HTMLFormElement).get('password'))
    signIn({ password }).then(
      () => setError(undefined),
      (failure: unknown) => setError(refusedOf(failure)),
    )
  }
  return html`<form class="bar" onSubmit=${submit}>
      <label>${t('settings.password')}<input name="password" type="password" required autocomplete="current-password" /></label>
      <button type="submit">${t('settings.signIn')}</button>
    </form>
    <${Trouble} error=${error} />`
}

function Configuration() {
  const { value, error } = useAsked<ConfigurationView>('/configuration')
  const [part, setPart] = useState('')
  if (value === undefined) return error === undefined ? html`<${Loading} />` : html`<${Trouble} error=${error} />`
  const shown = value.settings.filter(({ path }) => path.toLowerCase().includes(part.toLowerCase()))
  return html`<p class="muted">${value.file === null ? t('settings.noFile') : t('settings.file', { file: value.file })}</p>
    <div class="bar"><label>${t('settings.filter')}<input type="search" value=${part} onInput=${(event: Event) => setPart((event.target as HTMLInputElement).value)} /></label></div>
    <table class="cards">
      <thead><tr><th scope="col">${t('settings.key')}</th><th scope="col">${t('settings.value')}</th><th scope="col">${t('settings.source')}</th></tr></thead>
      <tbody>
        ${shown.map(
          ({ path, value: text, source, where, description }) =>
            html`<tr key=${path}><td class="name"><b>${path}</b><small class="reason">${description}</small></td><td class="value"><code>${text}</code></td><td>${source}${where === null ? '' : ` (${where})`}</td></tr>`,
        )}
      </tbody>
    </table>`
}
