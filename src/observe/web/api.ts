/** Asks the node. Every request has the header that no page of another site can send; who has signed in sends a token, too. */
import { signal } from '@preact/signals'

/** Of one tab, and of this port only: other ports of the machine never see it. */
const TOKEN = 'chordns-session'
export const token = signal(sessionStorage.getItem(TOKEN) ?? '')

export function setToken(value: string): void {
  token.value = value
  sessionStorage.setItem(TOKEN, value)
}

/** What the node says when it does not do what it was asked. */
export class Refused extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

function headers(): Record<string, string> {
  const own = { 'x-chordns': '1' }
  return token.value === '' ? own : { ...own, authorization: `Bearer ${token.value}` }
}

function pathOf(path: string, query: Readonly<Record<string, string | number>>): string {
  const entries = Object.entries(query).map(([key, value]) => [key, String(value)])
  return entries.length === 0 ? path : `${path}?${new URLSearchParams(entries)}`
}

/** Throws Refused. */
export async function ask<T>(path: string, query: Readonly<Record<string, string | number>> = {}): Promise<T> {
  return read<T>(await fetch(pathOf(path, query), { headers: headers() }))
}

/** Changes something. Throws Refused. */
export async function tell<T>(
  path: string,
  query: Readonly<Record<string, string | number>> = {},
  body?: object,
): Promise<T> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  return read<T>(await fetch(pathOf(path, query), { method: 'POST', headers: headers(), ...sent }))
}

async function read<T>(response: Response): Promise<T> {
  const json = (await response.json().catch(() => ({}))) as { error?: { code: string; message: string } }
  if (!response.ok) throw new Refused(json.error?.code ?? 'UNKNOWN', json.error?.message ?? String(response.status))
  return json as T
}

export interface Stream {
  readonly onEvent: (event: string, data: unknown) => void
  /** The connection is there, or is lost and will be tried again. */
  readonly onState: (isOpen: boolean) => void
}

const AGAIN_MS = 2_000

/** Server-sent events, read by hand: `EventSource` sends no headers. The function that it returns ends it. */
export function listen(path: string, { onEvent, onState }: Stream): () => void {
  const control = new AbortController()
  const run = async (): Promise<void> => {
    while (!control.signal.aborted) {
      try {
        const response = await fetch(path, { headers: headers(), signal: control.signal })
        if (response.ok && response.body !== null) {
          onState(true)
          await readEvents(response.body, onEvent)
        }
      } catch {
        // The node has stopped, or the network has: it is asked again.
      }
      if (control.signal.aborted) return
      onState(false)
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }
  void run()
  return () => control.abort()
}

async function readEvents(body: ReadableStream<Uint8Array>, onEvent: Stream['onEvent']): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader()
  let held = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    held += value
    const blocks = held.split('\n\n')
    held = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
      onEvent(field('event'), JSON.parse(field('data')))
    }
  }
}
