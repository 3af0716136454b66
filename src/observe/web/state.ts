/** What all pages share: where the reader is, the pulse of the node, who has signed in, colours. */
import { effect, signal } from '@preact/signals'
import type { PulseView, QueryRow, SessionView } from '../dashboard-views.ts'
import { ask, listen, setToken, tell, token } from './api.ts'

export const PAGES = ['overview', 'queries', 'explain', 'ring', 'names', 'devices', 'settings'] as const
export type PageName = (typeof PAGES)[number]

export interface Route {
  readonly page: PageName
  readonly query: URLSearchParams
}

export const route = signal<Route>(routeOf(location.hash))
export const pulse = signal<PulseView | undefined>(undefined)
export const isConnected = signal(true)
/** Counts what was changed on this page, so that whatever shows it looks again. */
export const edits = signal(0)
export const session = signal<SessionView | undefined>(undefined)

export interface RowsEvent {
  readonly rows: readonly QueryRow[]
  readonly lost: number
}
/** Told of rows while the page of queries is open. */
export const onRows: { current: ((event: RowsEvent) => void) | undefined } = { current: undefined }

const THEME = 'chordns-theme'
export type Theme = 'auto' | 'light' | 'dark'
export const theme = signal<Theme>((localStorage.getItem(THEME) as Theme | null) ?? 'auto')

function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  return { page: PAGES.find((name) => name === path) ?? 'overview', query: new URLSearchParams(query) }
}

/** `#/explain?name=example.org` */
export function link(page: PageName, query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString()
  return `#/${page}${text === '' ? '' : `?${text}`}`
}

export async function lookWhoIsThere(): Promise<void> {
  session.value = await ask<SessionView>('/session').catch(() => undefined)
}

/** Throws Refused. */
export async function signIn(proof: { readonly password: string } | { readonly key: string }): Promise<void> {
  setToken((await tell<{ token: string }>('/session/begin', {}, proof)).token)
  await lookWhoIsThere()
}

export async function signOut(): Promise<void> {
  setToken('')
  await lookWhoIsThere()
}

/** The address that `chordns dashboard` printed signs in, and does not stay in the address bar. */
async function takeKey(): Promise<void> {
  const key = route.value.query.get('key')
  if (key === null) return lookWhoIsThere()
  history.replaceState(null, '', link(route.value.page))
  route.value = routeOf(location.hash)
  await signIn({ key }).catch(lookWhoIsThere)
}

export function begin(): void {
  addEventListener('hashchange', () => {
    route.value = routeOf(location.hash)
  })
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value
    localStorage.setItem(THEME, theme.value)
  })
  void takeKey()
  let end: (() => void) | undefined
  let before = ''
  effect(() => {
    const mayListen = session.value !== undefined && (session.value.isOwner || !session.value.isNeeded)
    const path = `/events${route.value.page === 'queries' ? '?queries=1' : ''}`
    // A stream that is as it should be goes on.
    const wanted = mayListen ? `${path} ${token.value}` : ''
    if (wanted === before) return
    before = wanted
    end?.()
    end = mayListen ? listen(path, { onEvent, onState: (isOpen) => (isConnected.value = isOpen) }) : undefined
  })
}

function onEvent(event: string, data: unknown): void {
  if (event === 'pulse') pulse.value = data as PulseView
  if (event === 'queries') onRows.current?.(data as RowsEvent)
}
