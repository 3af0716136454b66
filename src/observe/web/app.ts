/** The dashboard: a bar with the pages, and the page that the address names. */
import { type FunctionComponent, render } from 'preact'
import { useEffect } from 'preact/hooks'
import { html } from './html.ts'
import { Devices } from './pages/devices.ts'
import { Explain } from './pages/explain.ts'
import { Names } from './pages/names.ts'
import { Overview } from './pages/overview.ts'
import { Queries } from './pages/queries.ts'
import { Ring } from './pages/ring.ts'
import { Settings, SignIn } from './pages/settings.ts'
import { begin, isConnected, link, PAGES, type PageName, route, session } from './state.ts'
import { language, t } from './texts.ts'

const COMPONENTS: Readonly<Record<PageName, FunctionComponent>> = {
  overview: Overview,
  queries: Queries,
  explain: Explain,
  ring: Ring,
  names: Names,
  devices: Devices,
  settings: Settings,
}

function App() {
  const { page } = route.value
  const title = t(`nav.${page}`)
  useEffect(() => {
    document.title = `${title} · chordns`
    document.documentElement.lang = language.value
  }, [title])
  const isShut = session.value?.isNeeded === true && !session.value.isOwner
  return html`<a class="skip" href="#main" onClick=${skip}>${t('nav.skip')}</a>
    <header>
      <a class="brand" href=${link('overview')}><img src="/web/icon.svg" alt="" width="24" height="24" />chordns</a>
      <nav aria-label=${t('nav.label')}>
        ${PAGES.map(
          (name) =>
            html`<a href=${link(name)} aria-current=${name === page ? 'page' : undefined}>${t(`nav.${name}`)}</a>`,
        )}
      </nav>
      <p class=${isConnected.value ? 'state' : 'state lost'} role="status">
        ${isConnected.value ? t('state.live') : t('state.lost')}
      </p>
    </header>
    <main id="main" tabindex="-1">
      <h1>${title}</h1>
      ${isShut ? html`<${SignIn} />` : html`<${COMPONENTS[page]} key=${page} />`}
    </main>`
}

/** The address names the page, not a place on it. */
function skip(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

begin()
render(html`<${App} />`, document.getElementById('app')!)
