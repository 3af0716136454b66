/** One tab of a headless Chromium, over the DevTools protocol on a pipe: no port is opened, and no package is needed. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { isInstalled } from '../../bench/lib/namespace.ts'

const PROGRAMS = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome']
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-pipe',
]

/** The program of this machine, if it has one. */
export function chromiumHere(): string | undefined {
  return PROGRAMS.find(isInstalled)
}

export interface Tab {
  /** Addresses of all that the page has requested. */
  readonly requested: readonly string[]
  /** What the console and the policy of the page complained about. */
  readonly complaints: readonly string[]
  open(url: string): Promise<void>
  /** The value of an expression of JavaScript; promises are waited for. */
  evaluate<T>(expression: string): Promise<T>
  chooseFile(selector: string, file: string): Promise<void>
  /** A PNG of the whole page. */
  picture(): Promise<Uint8Array>
  close(): Promise<void>
}

export async function openTab(program: string): Promise<Tab> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'))
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const tools = new DevTools(child.stdio[3] as Writable, child.stdio[4] as Readable)
  const { targetId } = await tools.send('Target.createTarget', { url: 'about:blank', width: 900, height: 1000 })
  const { sessionId } = await tools.send('Target.attachToTarget', { targetId, flatten: true })
  const send = (method: string, params: object = {}) => tools.send(method, params, String(sessionId))
  for (const domain of ['Page', 'Runtime', 'Network', 'DOM', 'Log']) await send(`${domain}.enable`)
  const requested: string[] = []
  const complaints: string[] = []
  tools.on('Network.requestWillBeSent', ({ request }) => requested.push((request as { url: string }).url))
  tools.on('Log.entryAdded', ({ entry }) => complaints.push((entry as { text: string }).text))
  tools.on('Runtime.exceptionThrown', (event) => complaints.push(JSON.stringify(event)))
  return {
    requested,
    complaints,
    async open(url) {
      const loaded = new Promise<void>((resolve) => tools.on('Page.loadEventFired', () => resolve()))
      await send('Page.navigate', { url })
      await loaded
    },
    async evaluate<T>(expression: string) {
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      })
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
      return (result as { value: T }).value
    },
    async chooseFile(selector, file) {
      const { root } = await send('DOM.getDocument')
      const { nodeId } = await send('DOM.querySelector', { nodeId: (root as { nodeId: number }).nodeId, selector })
      await send('DOM.setFileInputFiles', { nodeId, files: [file] })
    },
    async picture() {
      const { data } = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true })
      return new Uint8Array(Buffer.from(String(data), 'base64'))
    },
    async close() {
      await Promise.race([tools.send('Browser.close').catch(() => undefined), ended])
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(timer)
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

type Fields = Readonly<Record<string, unknown>>

/** Messages are JSON with a zero byte at the end. */
class DevTools {
  readonly #into: Writable
  readonly #waiting = new Map<
    number,
    { readonly resolve: (fields: Fields) => void; readonly reject: (why: Error) => void }
  >()
  readonly #listeners = new Map<string, ((fields: Fields) => void)[]>()
  #held = Buffer.alloc(0)
  #last = 0

  constructor(into: Writable, from: Readable) {
    this.#into = into
    from.on('data', (chunk: Buffer) => this.#read(chunk))
    from.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser has ended'))
      this.#waiting.clear()
    })
  }

  on(method: string, listener: (fields: Fields) => void): void {
    this.#listeners.set(method, [...(this.#listeners.get(method) ?? []), listener])
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<Fields> {
    const id = ++this.#last
    this.#into.write(`${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`)
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  #read(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk])
    for (let end = this.#held.indexOf(0); end >= 0; end = this.#held.indexOf(0)) {
      this.#take(JSON.parse(this.#held.subarray(0, end).toString('utf8')) as Fields)
      this.#held = this.#held.subarray(end + 1)
    }
  }

  #take({ id, method, params, result, error }: Fields): void {
    if (typeof id !== 'number') {
      for (const listener of this.#listeners.get(String(method)) ?? []) listener(params as Fields)
      return
    }
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve((result ?? {}) as Fields)
    else waiting?.reject(new Error(JSON.stringify(error)))
  }
}
