/** One connection of HTTP, of either version: the questions that it has in work, and their replies. */
import type { Readable } from 'node:stream'
import type { Cancel } from '../../base/index.ts'
import type { Asker, QuestionInWork } from '../desk/desk.ts'
import { DOH_TYPE, freshSeconds } from '../desk/doh.ts'
import { limits } from '../limits.ts'
import type { Connected, ConnectionPlace } from './connections.ts'
import { endWhenIdle } from './idle.ts'
import type { StreamDeps } from './tcp.ts'

export interface DohReply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: Uint8Array
}

/** How such a connection ends. */
export interface HttpEnd {
  /** What was asked is answered first. */
  readonly finish: () => void
  readonly destroy: () => void
}

const BUSY: DohReply = { status: 503 }
/** Of a reply as it goes over a connection. */
const LENGTH_BYTES = 2

export class HttpClient implements Connected {
  activeAt: number
  readonly #place: ConnectionPlace
  readonly #end: HttpEnd
  readonly #deps: StreamDeps
  readonly #works = new Set<QuestionInWork>()
  readonly #sender: Uint8Array | undefined
  readonly #cancelIdle: Cancel
  #isFinishing = false

  constructor(place: ConnectionPlace, end: HttpEnd, deps: StreamDeps) {
    const { clock, connections, limits: bounds } = deps
    this.#place = place
    this.#end = end
    this.#deps = deps
    this.#sender = connections.answers?.senderOf(place)
    this.activeAt = clock.monotonic()
    this.#cancelIdle = endWhenIdle(this, clock, bounds.TCP_IDLE_MS)
  }

  get isIdle(): boolean {
    return this.#works.size === 0
  }

  stopReading(): void {
    this.#isFinishing = true
    this.#endIfDone()
  }

  destroy(): void {
    this.#end.destroy()
  }

  /** The connection is closed. */
  gone(): void {
    this.#cancelIdle()
    for (const work of [...this.#works]) this.#deps.desk.abandon(work)
  }

  /** Calls `reply` once, at once or later, unless what is returned is called before: the asker is gone. */
  ask(message: Uint8Array, reply: (reply: DohReply) => void): () => void {
    const { desk, clock, limits: bounds } = this.#deps
    this.activeAt = clock.monotonic()
    if (this.#isFinishing || this.#works.size >= bounds.MAX_IN_WORK_PER_CONNECTION) {
      reply(BUSY)
      return () => {}
    }
    const known = this.#fromTable(message)
    if (known !== undefined) {
      reply(replyOf(known))
      return () => {}
    }
    let isReplied = false
    const answer = (one: DohReply) => {
      if (isReplied) return
      isReplied = true
      this.activeAt = clock.monotonic()
      reply(one)
    }
    const { address, port } = this.#place
    const asker: Asker = {
      address,
      port,
      protocol: 'https',
      send: (bytes) => answer(replyOf(bytes)),
      settled: (work) => {
        this.#works.delete(work)
        answer(BUSY)
        this.#endIfDone()
      },
    }
    const work = desk.receive(message, asker)
    // Nothing that DNS has a reply to.
    if (work === undefined) answer({ status: 400 })
    else this.#works.add(work)
    return () => {
      isReplied = true
      if (work !== undefined) desk.abandon(work)
    }
  }

  #fromTable(message: Uint8Array): Uint8Array | undefined {
    const { connections } = this.#deps
    if (this.#sender === undefined || !connections.mayAsk(this.#place.address)) return undefined
    return connections.answers?.answer([message], this.#sender, true).replies?.subarray(LENGTH_BYTES)
  }

  #endIfDone(): void {
    if (this.#isFinishing && this.#works.size === 0) this.#end.finish()
  }
}

function replyOf(body: Uint8Array): DohReply {
  return {
    status: 200,
    headers: {
      'content-type': DOH_TYPE,
      'content-length': body.length,
      'cache-control': `max-age=${freshSeconds(body)}`,
    },
    body,
  }
}

/** All of a request's body, at most what a query may have. */
export function bodyOf(stream: Readable): Promise<Uint8Array | 'too long' | 'gone'> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let bytes = 0
    stream.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes > limits.MAX_TCP_QUERY) resolve('too long')
      else chunks.push(chunk)
    })
    stream.once('end', () => resolve(Uint8Array.from(Buffer.concat(chunks))))
    stream.once('close', () => resolve('gone'))
  })
}
