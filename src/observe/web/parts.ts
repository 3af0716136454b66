/** Small parts that several pages are made of. */
import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { ask, Refused } from './api.ts'
import { html } from './html.ts'
import { maybe, t } from './texts.ts'

export function Panel({ title, children, wide }: { title: string; children?: ComponentChildren; wide?: boolean }) {
  return html`<section class=${wide ? 'panel wide' : 'panel'}>
    <h2>${title}</h2>
    ${children}
  </section>`
}

export function Tile({ label, value, hint }: { label: string; value: string; hint?: string }) {
  return html`<div class="tile">
    <dt>${label}</dt>
    <dd>${value}${hint === undefined ? null : html`<small>${hint}</small>`}</dd>
  </div>`
}

export function Badge({ outcome }: { outcome: string }) {
  return html`<span class=${`badge ${outcome}`}>${maybe(`short.${outcome}`, outcome)}</span>`
}

export interface Loaded<T> {
  readonly value: T | undefined
  readonly error: Refused | undefined
  readonly again: () => void
}

/** Asked when the page opens, when what it depends on changes, and again. */
export function useAsked<T>(path: string, query: Readonly<Record<string, string>> = {}, everyMs = 0): Loaded<T> {
  const [state, setState] = useState<{ value?: T; error?: Refused }>({})
  const [turn, setTurn] = useState(0)
  const what = `${path}?${new URLSearchParams(query)}`
  useEffect(() => {
    let isOver = false
    const look = () =>
      ask<T>(path, query).then(
        (value) => isOver || setState({ value }),
        (error: unknown) => isOver || setState({ error: refusedOf(error) }),
      )
    void look()
    const timer = everyMs === 0 ? undefined : setInterval(look, everyMs)
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [what, turn, everyMs])
  return { value: state.value, error: state.error, again: () => setTurn((one) => one + 1) }
}

export function refusedOf(error: unknown): Refused {
  return error instanceof Refused ? error : new Refused('NETWORK', String(error))
}

/** Something that was tried and failed, for readers and screen readers alike. */
export function Trouble({ error }: { error: Refused | undefined }) {
  return error === undefined
    ? null
    : html`<p class="trouble" role="alert">${t('word.failed', { why: error.message })}</p>`
}

interface ConfirmProps {
  readonly title: string
  readonly text: string
  /** What the button says that does it. */
  readonly yes: string
  readonly onYes: () => void
  readonly onClose: () => void
}

/** Asks before something is done that cannot be seen at once, or not be had back as it was. */
export function Confirm({ title, text, yes, onYes, onClose }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    dialog.current?.showModal()
  }, [])
  return html`<dialog ref=${dialog} onClose=${onClose} aria-labelledby="confirm-title">
    <h2 id="confirm-title">${title}</h2>
    <p>${text}</p>
    <div class="bar">
      <button type="button" class="danger" onClick=${onYes}>${yes}</button>
      <button type="button" autofocus onClick=${() => dialog.current?.close()}>${t('word.cancel')}</button>
    </div>
  </dialog>`
}

export function Loading() {
  return html`<p class="muted">${t('word.loading')}</p>`
}
